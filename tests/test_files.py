"""What was written is on the disk before it takes its place."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tradewind.files import write_whole
from tradewind.policy.folder import write_folder


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The order of what reaches the operating system: fsync of a file or folder, and renames."""
    seen: list[str] = []
    fsync, replace, rename = os.fsync, os.replace, os.rename

    def record_fsync(descriptor: int) -> None:
        folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        seen.append("sync folder" if folder else "sync file")
        fsync(descriptor)

    def record(name: str, call: Any) -> Any:
        def recorded(*arguments: Any) -> None:
            seen.append(name)
            call(*arguments)

        return recorded

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "replace", record("rename", replace))
    monkeypatch.setattr(os, "rename", record("rename", rename))
    return seen


def test_a_file_is_synced_before_it_takes_its_place_and_its_folder_after(
    tmp_path: Path, calls: list[str]
) -> None:
    write_whole(tmp_path / "candles", lambda path: path.write_bytes(b"1"))
    assert calls == ["sync file", "rename", "sync folder"]


def test_every_file_of_a_folder_is_synced_before_it_takes_its_place(tmp_path: Path, calls: list[str]) -> None:
    write_folder(tmp_path / "bundle", {"a": b"1", "b": b"2"}, replace=False)
    assert calls == ["sync file", "sync file", "sync folder", "rename", "sync folder"]


def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "candles"
    target.write_bytes(b"old")

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        write_whole(target, fail)
    assert [p.name for p in tmp_path.iterdir()] == ["candles"]
    assert target.read_bytes() == b"old"
