# Two commands on a fresh machine: `make demo` and `make test`. Both set up .venv first.
PYTHON = .venv/bin/python
EXTRAS ?= train
# xdist workers, and one thread for each numerical library in them
WORKERS ?= 2
ENVIRONMENT = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: help demo test test-all check format bench audit clean

help:
	@echo "make demo      candles -> trained agent -> backtest -> paper -> a session at a local exchange, in demo/"
	@echo "make test      the tests (18 minutes of CPU on two workers)"
	@echo "make test-all  the tests with their long variants"
	@echo "make check     format, lint, types, import order"
	@echo "make bench     speed, side by side with peers, and skill on every world beside the best possible"
	@echo "make audit     known vulnerabilities in what is installed"

demo:
	@sh scripts/bootstrap.sh train
	@$(PYTHON) -m tradewind.cli demo

test:
	@sh scripts/bootstrap.sh train,dev
	@$(ENVIRONMENT) $(PYTHON) -m tests.kernels
	@$(ENVIRONMENT) $(PYTHON) -m pytest -n $(WORKERS) --dist worksteal -m "not slow and not soak" -q

test-all:
	@sh scripts/bootstrap.sh train,dev
	@$(ENVIRONMENT) $(PYTHON) -m tests.kernels
	@$(ENVIRONMENT) $(PYTHON) -m pytest -n $(WORKERS) --dist worksteal -q --timeout 7200

check:
	@sh scripts/bootstrap.sh train,dev
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

format:
	@sh scripts/bootstrap.sh train,dev
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

bench:
	@sh scripts/bootstrap.sh train,dev
	@$(ENVIRONMENT) $(PYTHON) benchmarks/run.py

audit:
	@sh scripts/bootstrap.sh train,dev
	@.venv/bin/pip-audit --skip-editable

clean:
	rm -rf .venv .venv-bench demo .pytest_cache .mypy_cache .ruff_cache
