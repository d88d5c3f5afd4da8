"""Who does the runs: processes of this machine, one thread each."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from typing import Protocol

from tradewind.market import ConfigError, Market
from tradewind.validation.study.runs import Job, Outcome, execute

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Executor(Protocol):
    """Does jobs, `workers` at a time. A worker that died makes its future raise."""

    workers: int

    def submit(self, job: Job) -> Future[Outcome]: ...

    def stop(self) -> None:
        """End all workers at once, whatever they are at."""


class LocalPool:
    """Processes that hold the market and do one run at a time. They end with their parent, however that ends."""

    def __init__(self, market: Market, workers: int) -> None:
        self.workers = workers
        with _ready_for_workers():
            self._pool = ProcessPoolExecutor(
                workers, mp_context=get_context("spawn"), initializer=_begin_worker, initargs=(market,)
            )

    def submit(self, job: Job) -> Future[Outcome]:
        with _ready_for_workers():  # a worker starts when there is something to do
            return self._pool.submit(_do, job)

    def stop(self) -> None:
        workers = list((self._pool._processes or {}).values())
        for worker in workers:
            worker.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)


class Nobody:
    """For who only reads a study: `ConfigError` where something of it is still to be done."""

    workers = 1

    def __init__(self, name: str) -> None:
        self._name = name

    def submit(self, job: Job) -> Future[Outcome]:
        raise ConfigError(
            f"{self._name} is not finished (trial {job.run.trial} has runs to do): let it go on with tradewind study "
            f"resume {self._name}"
        )

    def stop(self) -> None:
        """There is nobody to stop."""


_market: Market | None = None


def _begin_worker(market: Market) -> None:
    global _market
    _market = market
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)


def _do(job: Job) -> Outcome:
    assert _market is not None
    return execute(_market, job)


@contextmanager
def _ready_for_workers() -> Iterator[None]:
    """Processes that start inside have one thread in each numerical library, and leave Ctrl+C to their parent."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
