from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tradewind.data.choices import Holds
from tradewind.data.track_records import read_track_record
from tradewind.market import ConfigError, DataError
from tradewind.statistics import DAY_MS

DAY_0 = 1_704_067_200_000  # 2024-01-01


def written(folder: Path, text: str, name: str = "record.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_returns_become_equity_that_begins_a_step_before_the_first(tmp_path):
    record = read_track_record(written(tmp_path, "time,return\n2024-01-02,0.1\n2024-01-03,-0.2\n"))
    assert record.names == ("return",)
    assert record.close_time.tolist() == [DAY_0, DAY_0 + DAY_MS, DAY_0 + 2 * DAY_MS]
    assert record.equity[:, 0] == pytest.approx([1, 1.1, 0.88])


def test_equity_is_taken_as_it_is(tmp_path):
    record = read_track_record(written(tmp_path, "Date;Balance\n2024-01-01;1000\n2024-01-02;990.5\n"))
    assert record.equity[:, 0].tolist() == [1000, 990.5]


def test_several_columns_are_several_trials_and_signs_tell_returns(tmp_path):
    record = read_track_record(written(tmp_path, "timestamp,a,b\n1704067200,0.01,0\n1704153600,-0.02,0.01\n"))
    assert record.names == ("a", "b")
    assert record.equity[-1] == pytest.approx([1.01 * 0.98, 1.01])


def test_one_column_of_many_may_be_chosen(tmp_path):
    path = written(tmp_path, "time,equity,note\n2024-01-01,5,x\n2024-01-02,6,y\n")
    assert read_track_record(path, ["equity"]).equity[:, 0].tolist() == [5, 6]


def test_a_comma_at_the_end_of_each_line_is_no_trial(tmp_path):
    record = read_track_record(written(tmp_path, "time,return,\n2024-01-01,-0.1,\n2024-01-02,0.1,\n"))
    assert record.names == ("return",)


def test_newest_first_is_turned_round(tmp_path):
    record = read_track_record(written(tmp_path, "time,equity\n2024-01-02,6\n2024-01-01,5\n"))
    assert record.equity[:, 0].tolist() == [5, 6]
    assert record.close_time[0] == DAY_0


def test_parquet_and_what_a_person_says_it_holds(tmp_path):
    path = tmp_path / "record.parquet"
    pl.DataFrame({"time": [DAY_0, DAY_0 + DAY_MS], "lending": [0.001, 0.002]}).write_parquet(path)
    assert read_track_record(path, holds=Holds.RETURNS).equity[-1, 0] == pytest.approx(1.001 * 1.002)
    with pytest.raises(ConfigError, match="say --as returns or --as equity"):
        read_track_record(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("time,return\n", "holds no rows"),
        ("2024-01-01,0.1\n2024-01-02,0.1\n", "no time column among 2024-01-01, 0.1"),
        ("time\n2024-01-01\n", "only a time column"),
        ("time,return\nsoon,0.1\n", "'soon' at data row 1"),
        ("time,return\n2024-01-01,0.1\n2024-01-02,\n", "no number at data row 2"),
        ("time,return\n2024-01-01,0.1\n2024-01-02,inf\n", "no number at data row 2"),
        ("time,return\n2024-01-01,0.1\n2024-01-02,up\n", "'up' at data row 2, expected a number"),
        ("time,return\n2024-01-01,0.1\n2024-01-01,0.1\n", "data row 2 is not after"),
        ("time,return\n2024-01-01,12.5\n2024-01-02,-30\n", "return of -30 at data row 2: expected fractions"),
        ("time,return\n2024-01-01,0.1\n", "holds one row"),
        ("time,equity\n2024-01-01,0\n2024-01-02,5\n", "column 'equity': equity begins at 0"),
        (
            "time,equity\n2024-01-01,9\n2024-01-02,-1\n2024-01-03,5\n",
            "column 'equity': equity is -1.0 at bar 1",
        ),
        ("time,equity\n2024-01-01,9\n", "holds one row"),
    ],
)
def test_what_is_no_record_is_refused_in_one_sentence(tmp_path, text, said):
    with pytest.raises(DataError, match=said) as refused:
        read_track_record(written(tmp_path, text))
    assert "\n" not in str(refused.value)


def test_columns_of_two_kinds_have_to_be_chosen_from(tmp_path):
    path = written(tmp_path, "time,equity,return\n2024-01-01,5,0\n2024-01-02,6,0.2\n")
    with pytest.raises(ConfigError, match="choose with --column"):
        read_track_record(path)
    with pytest.raises(ConfigError, match="no column 'retrun': there are equity, return"):
        read_track_record(path, ["retrun"])
    with pytest.raises(DataError, match="there is no file"):
        read_track_record(tmp_path / "absent.csv")
