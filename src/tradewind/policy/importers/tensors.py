"""Tensors out of a torch file, and nothing else of it."""

from __future__ import annotations

import io
import pickle
import re
import struct
import warnings
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.market import ConfigError
from tradewind.policy.errors import BundleError

MAX_UNPACKED = 512 * 1024 * 1024
_MAX_ENTRIES = 10_000
_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")

# What the zip reader of Python raises on damaged archives.
ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(RuntimeError, NotImplementedError, ValueError),
)

Arrays = dict[str, NDArray[np.float32]]


def need_torch() -> Any:
    """torch, imported only here: a machine that just runs bundles does not have it."""
    try:
        import torch
    except ImportError as error:
        raise ConfigError(
            "importing a torch model needs torch, which is not installed: pip install 'tradewind[train]'"
        ) from error
    return torch


def check_archive(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse an archive that unpacks to too much, or whose entries would lie outside of it."""
    entries = archive.infolist()
    total = sum(entry.file_size for entry in entries)
    if total > MAX_UNPACKED or len(entries) > _MAX_ENTRIES:
        raise BundleError(
            f"{name} unpacks to {total} bytes in {len(entries)} entries: that is no model of this kind"
        )
    if entries and min(entry.header_offset for entry in entries) != 0:
        raise BundleError(
            f"{name} is cut short or damaged: what is left of it is an archive inside the archive"
        )
    for entry in entries:
        if entry.filename.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", entry.filename):
            raise BundleError(f"{name} holds an entry {entry.filename!r} that points out of the archive")


def read_tensors(content: bytes, name: str, convert: str) -> Arrays:
    """The named tensors of a state dict, as float32. `convert` says how to make one from a pickled object.

    Read with `weights_only=True`: any other object in the file is refused before it is made.
    """
    torch = need_torch()
    if content.startswith(b"PK\x03\x04"):  # what torch itself goes by
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                check_archive(archive, name)
                damaged = archive.testzip()  # torch does not compare checksums
        except ZIP_ERRORS as error:
            raise BundleError(f"{name} is cut short or damaged: {error}") from error
        if damaged is not None:
            raise BundleError(f"{name} is damaged: the checksum of its entry {damaged} is wrong")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise BundleError(_unpickling_reason(name, str(error), convert)) from error
    except Exception as error:  # a damaged file makes torch raise almost anything
        raise BundleError(f"{name} is no torch file, or is cut short: {_first_line(error)}") from error
    if not isinstance(loaded, dict) or not loaded:
        raise BundleError(f"{name} holds a {type(loaded).__name__}, expected a state dict. {convert}")
    return {str(key): _array(torch, name, str(key), value) for key, value in loaded.items()}


def _unpickling_reason(name: str, text: str, convert: str) -> str:
    found = _GLOBAL.search(text)
    named = f" ({found[1]})" if found else ""
    return (
        f"{name} holds pickled Python objects{named}, not a plain table of tensors; opening them could run "
        f"any program, so it is refused. {convert}"
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _array(torch: Any, name: str, key: str, value: Any) -> NDArray[np.float32]:
    if not isinstance(value, torch.Tensor) or value.layout != torch.strided or not value.is_floating_point():
        raise BundleError(f"{name}: {key} is {type(value).__name__}, expected a dense tensor of floats")
    if value.numel() * 4 > MAX_UNPACKED:
        raise BundleError(
            f"{name}: tensor {key} claims {value.numel()} numbers: that is no model of this kind"
        )
    return np.ascontiguousarray(value.detach().to(torch.float32).numpy())
