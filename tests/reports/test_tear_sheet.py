from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.image import imread

from tradewind.backtest.summary import summary
from tradewind.market.errors import ConfigError, DataError
from tradewind.reports import Section, Standing, equity_picture, write_report

VOID = {"meta", "line", "path", "rect", "br"}


class Checker(HTMLParser):
    """Follows the tags of a page; `wrong` says where they do not close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "action")]
        if tag in ("script", "iframe", "object", "embed", "link"):
            self.wrong.append(f"<{tag}>")

    def handle_endtag(self, tag):
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.wrong.append(f"</{tag}> at {self.getpos()}")


def check(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    return checker


@pytest.fixture
def results(made):
    return [
        made("flipping", "PPO", cuts={"WEIGHT_CAP": 7, "DAILY_LOSS": 0}, notes=("Tiers were assumed.",)),
        made("hold", "buy and hold", risk_rules=False),
        made("hold", "buy and hold"),
        made("flat", "cash", risk_rules=False),
    ]


def test_a_page_a_picture_and_the_numbers_are_written_and_nothing_else(tmp_path, results):
    report = write_report(tmp_path / "out" / "report.html", results, title="A test")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "report.html",
        "report.json",
        "report.png",
    ]
    assert report.png.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert report.html.stat().st_size < 400_000


def test_the_page_needs_nothing_from_elsewhere(tmp_path, results):
    page = write_report(tmp_path / "r.html", results, title="A test").html.read_text()
    checker = check(page)
    assert checker.links == []
    assert checker.wrong == []
    assert checker.open == []
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<script", page)


def test_the_json_equals_the_figures(tmp_path, results):
    report = write_report(tmp_path / "r.html", results, title="A test", provenance={"data": {"hash": "ab"}})
    content = json.loads(report.json.read_text())
    assert content["figures"] == json.loads(json.dumps([f.to_json() for f in report.figures]))
    alone = summary(results[1], rng=np.random.default_rng(0))
    assert report.figures[1] == alone
    assert content["provenance"]["data"]["hash"] == "ab"
    assert content["verdict"]["sentence"] == report.verdict.sentence
    assert report.figures[0].benchmark.name == "buy and hold"


def test_the_page_shows_what_the_figures_say(tmp_path, results):
    report = write_report(
        tmp_path / "r.html",
        results,
        title="A test",
        provenance={"model": {"hash": "c0ffee"}, "seeds": [1, 2]},
        extra=[Section("Against the best", "Known optimum.", ("", "Profit"), (("agent", "96 %"),))],
    )
    page = report.html.read_text()
    for text in ("Weight cap", "Tiers were assumed.", "c0ffee", "1, 2", "Against the best", "inactive"):
        assert text in page
    assert report.verdict.sentence[1:].replace(" %", "&nbsp;%") in page
    assert "Daily loss" not in page  # it never cut anything


def test_names_are_text_and_never_markup(tmp_path, made):
    evil = "<script>alert('x')</script>&$x_1$"
    results = [
        made("flipping", evil, symbols=("<b>A</b>/USDT", "B/USDT"), notes=(evil,), cuts={"<i>": 3}),
        made("hold", evil + "2", symbols=("<b>A</b>/USDT", "B/USDT")),
    ]
    page = write_report(
        tmp_path / "r.html",
        results,
        title=evil,
        verdict=evil,
        provenance={evil: {evil: evil}},
        extra=[Section(evil, evil, (evil,), ((evil,),))],
    ).html.read_text()
    assert "<script" not in page
    assert "<b>A</b>" not in page
    assert "<i>" not in page.replace("<i></i>", "")
    assert "&lt;script&gt;alert(" in page
    assert check(page).wrong == []


def test_a_sentence_of_the_caller_does_not_replace_the_measured_one(tmp_path, results):
    report = write_report(tmp_path / "r.html", results, title="A test", verdict="The best agent ever.")
    page = report.html.read_text()
    assert "The best agent ever." in page
    assert report.verdict.sentence[1:].replace(" %", "&nbsp;%") in page


def test_the_same_input_gives_the_same_bytes(tmp_path, results):
    one = write_report(tmp_path / "a.html", results, title="A test", seed=3)
    two = write_report(tmp_path / "b.html", results, title="A test", seed=3)
    for name in ("html", "png", "json"):
        assert getattr(one, name).read_bytes() == getattr(two, name).read_bytes()


@pytest.mark.parametrize(
    ("kind", "days", "standing"),
    [("flat", 40, Standing.INACTIVE), ("knowing", 3, Standing.TOO_SHORT), ("knowing", 60, Standing.EDGE)],
)
def test_every_kind_of_run_makes_a_whole_page(tmp_path, made, kind, days, standing):
    results = [made(kind, "agent", days=days), made("hold", "buy and hold", days=days, risk_rules=False)]
    report = write_report(tmp_path / "r.html", results, title="A test")
    page = report.html.read_text()
    assert report.verdict.standing is standing
    assert check(page).wrong == []
    assert not re.search(r"\bnan\b|\binf\b|None", page)


def test_a_single_result_and_a_single_bar_can_be_reported(tmp_path, made):
    result = made("flat", days=1)
    names = ("close_time", "equity", "weights", "targets", "close")
    one = dataclasses.replace(result, **{name: getattr(result, name)[:1] for name in names})
    page = write_report(tmp_path / "r.html", [one], title="A test").html.read_text()
    assert check(page).wrong == []


def test_a_ruined_account_can_be_reported(tmp_path, made):
    result = made("flipping", days=40)
    equity = result.equity.copy()
    equity[500:] = -12.0
    report = write_report(tmp_path / "r.html", [dataclasses.replace(result, equity=equity)], title="A test")
    assert report.verdict.standing is Standing.RUINED


def test_results_on_other_bars_are_refused_and_nothing_is_written(tmp_path, made):
    with pytest.raises(DataError, match="other bars"):
        write_report(tmp_path / "r.html", [made("flat", days=40), made("hold", days=41)], title="A test")
    with pytest.raises(DataError, match="is to be judged"):
        write_report(tmp_path / "r.html", [made("flat")], title="A test", subject_index=1)
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_fails_leaves_the_old_one(tmp_path, results):
    report = write_report(tmp_path / "r.html", results, title="A test")
    before = [path.read_bytes() for path in (report.html, report.png, report.json)]
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_report(tmp_path / "r.html", results, title="Changed", path_json=tmp_path / "file" / "r.json")
    with pytest.raises(ZeroDivisionError):
        write_report(tmp_path / "r.html", results, title="Changed", provenance={"x": Unsayable()})
    assert [path.read_bytes() for path in (report.html, report.png, report.json)] == before
    assert len(list(tmp_path.iterdir())) == 4


class Unsayable:
    def __str__(self) -> str:
        raise ZeroDivisionError


def test_what_json_does_not_know_is_written_as_text(tmp_path, results):
    facts = {"nan": float("nan"), "path": tmp_path, "many": (1, 2.5, None, True)}
    report = write_report(tmp_path / "r.html", results, title="A test", provenance=facts)
    kept = json.loads(report.json.read_text())["provenance"]
    assert kept["nan"] == "nan"
    assert kept["path"] == str(tmp_path)
    assert kept["many"] == [1, 2.5, None, True]


def test_the_three_files_go_where_they_are_told(tmp_path, results):
    png, plain = tmp_path / "equity.png", tmp_path / "summary.json"
    write_report(tmp_path / "report.html", results, title="A test", path_png=png, path_json=plain)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["equity.png", "report.html", "summary.json"]


def test_a_picture_alone(tmp_path, results):
    path = equity_picture(tmp_path / "equity.png", results, title="A test", said="said")
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_picture_keeps_a_margin_on_every_side(tmp_path, results):
    """A tenth of an inch, also above the title."""
    path = equity_picture(tmp_path / "equity.png", results, title="A test", said="said")
    ink = (imread(path)[..., :3] != imread(path)[0, 0, :3]).any(axis=2)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    height, width = ink.shape
    assert min(rows[0], columns[0], height - 1 - rows[-1], width - 1 - columns[-1]) >= 16
