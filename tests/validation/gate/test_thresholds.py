"""The thresholds are those of the design, whole, and a file with a mistake is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradewind.market import ConfigError
from tradewind.validation.gate.thresholds import FILE, read_thresholds, thresholds


def test_the_numbers_that_decide() -> None:
    limits = thresholds()
    assert limits.version == 1
    statistics, economics, robustness = limits.statistics, limits.economics, limits.robustness
    assert (statistics.median_sharpe, statistics.positive_paths, statistics.worst_path) == (1.0, 0.8, -0.5)
    assert (statistics.walk_forward_psr, statistics.dsr, statistics.family_psr) == (0.95, 0.95, 0.95)
    assert (statistics.loss_probability, statistics.pbo, statistics.spa_p) == (0.1, 0.2, 0.1)
    assert (statistics.seeds, statistics.positive_seeds, statistics.seed_deviation) == (10, 0.8, 0.75)
    assert (economics.psr_at_double_costs, economics.cagr_at_triple_costs) == (0.8, -0.25)
    assert (economics.edge_to_cost, economics.drawdown, economics.capacity) == (1.5, 0.25, 3.0)
    assert (robustness.sharpe_loss, robustness.regime_sharpe, robustness.regime_days) == (0.3, -1.5, 60)
    assert robustness.vault_significance == 0.1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("pbo = 0.20", "pbo = 1.20", "statistics.pbo is 1.2: input should be less than or equal to 1"),
        ("pbo = 0.20", "", "statistics.pbo is missing: every threshold is needed"),
        (
            "spa_p = 0.10",
            "spa_p = 0.10\nspap = 0.1",
            "unknown threshold statistics.spap: did you mean spa_p?",
        ),
        ("version = 1", 'version = "1"', "version is '1': input should be a valid integer"),
        ("dsr = 0.95", "dsr = nan", "statistics.dsr is nan: input should be"),
        ("[statistics]", "[statistics", "is not TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "thresholds.toml"
    text = FILE.read_text()
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError) as refused:
        read_thresholds(path)
    assert said in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_thresholds(tmp_path / "none.toml")
