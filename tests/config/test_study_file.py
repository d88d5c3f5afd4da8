"""The file of a study: read whole, refused in one sentence; the examples are studies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradewind.config.study import parse_study, read_study
from tradewind.market import ConfigError
from tradewind.validation.study.settings import Choice, Range, SchemeName

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_studies(path: Path) -> None:
    file = read_study(path)
    assert file.study.name == path.stem.replace("_", "-")
    assert file.study.space()


def test_there_is_one_for_ten_coins_and_one_for_minutes() -> None:
    timeframes = {read_study(path).settings.market.timeframe for path in EXAMPLES}
    assert timeframes == {"1h", "1m"}


def test_what_stands_in_the_file_is_read() -> None:
    study = parse_study(
        """
        [study]
        name = "one"
        seeds = [4, 7]
        vault = "off"
        [study.splits]
        scheme = "walk_forward"
        rolling = true
        [study.pruning]
        quantile = "off"
        [study.search]
        "rules.lookback" = { low = 1, high = 8 }
        "training.net" = { choices = [[8], [8, 8]], only = ["ppo"] }
        """
    ).study
    assert (study.seeds, study.vault, study.pruning.quantile) == ((4, 7), None, None)
    assert (study.splits.scheme, study.splits.rolling) == (SchemeName.WALK_FORWARD, True)
    assert study.space() == {
        "rules.lookback": Range(1, 8),
        "training.net": Choice(([8], [8, 8]), ("ppo",)),
    }
    assert study.variants("a2c") == [{}, {"rules.lookback": 1}, {"rules.lookback": 8}]


def test_the_values_of_a_trial_win_over_the_file() -> None:
    file = parse_study('[study]\nname = "one"\n[rules]\nlookback = 2\nband = 0.05\n')
    settings = file.with_values({"rules.lookback": 4, "features.preset": "finrl7"})
    assert (settings.rules.lookback, settings.rules.band, settings.features.preset) == (4, 0.05, "finrl7")
    assert file.settings.rules.lookback == 2


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("seeds = [1, 1]", "expected all different"),
        ("seeds = []", "expected a list of whole numbers"),
        ('name = "../out"', "it becomes a folder"),
        ("vault = 1.5", "expected a share of the bars"),
        ("batch = 0", "batch is 0, expected 1 or more"),
        ("[study.pruning]\nquantile = 1.5", "expected a share between 0 and 1, or off"),
        ("[study.splits]\nfolds = 3", "unknown setting study.splits.folds"),
        ('[study.search]\n"training.steps" = { choices = [1] }', "write study.steps"),
        ('[study.search]\n"market.symbols" = { choices = [1] }', "no setting that can be searched"),
        ('[study.search]\n"rules.band" = { low = 0, high = 1, log = true }', "a log scale begins above 0"),
        ('[study.search]\n"rules.band" = { low = 0.1 }', "high is None, expected a number"),
        ('[study.search]\n"rules.band" = { choices = [] }', "expected a list of one value or more"),
        ('[study.search]\n"rules.band" = { choices = [1], hi = 2 }', "unknown setting search.rules.band.hi"),
        ('[study.search]\n"rules.band" = { choices = [1], only = ["pppo"] }', "did you mean ppo?"),
    ],
)
def test_what_cannot_be_is_refused_in_words(table: str, said: str) -> None:
    name = "" if table.startswith("name") else 'name = "one"\n'
    with pytest.raises(ConfigError) as refused:
        parse_study(f"[study]\n{name}{table}\n")
    assert said in str(refused.value)
    assert "study." in str(refused.value)


def test_a_study_needs_a_name() -> None:
    with pytest.raises(ConfigError, match="call the study something"):
        parse_study("[study]\ntrials = 3\n")
