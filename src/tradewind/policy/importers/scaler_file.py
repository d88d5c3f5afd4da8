"""The constants that inputs were scaled with, from JSON or npz. A pickled scaler is refused."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import JsonValue

from tradewind.market import ConfigError
from tradewind.policy.errors import BundleError
from tradewind.policy.importers.tensors import ZIP_ERRORS

_MAX_BYTES = 16 * 1024 * 1024

CONVERT = """Convert it where you trust the file, in the environment that made it:
    import joblib, json; s = joblib.load("scaler.pkl")
    d = {"kind": "standard", "mean": s.mean_.tolist(), "scale": s.scale_.tolist()}  # StandardScaler
    d = {"kind": "minmax", "min": s.min_.tolist(), "scale": s.scale_.tolist()}      # MinMaxScaler
    json.dump({"scaler": d}, open("scaler.json", "w"))  # keep the line for d that fits"""


def read_scaler(path: Path) -> dict[str, JsonValue]:
    """The content as `{"scaler": {...}}`, `{"minmax": {feature: [low, high]}}`, or both.

    npz: arrays `mean` and `scale`, or `min` and `scale`; and `minmax.<feature>` of two numbers each.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ConfigError(f"the scaler {path} cannot be read: {error.strerror}") from error
    if size > _MAX_BYTES:
        raise BundleError(f"the scaler {path.name} has {size} bytes, more than the 16 MiB that are allowed")
    if path.suffix.lower() == ".json":
        return _from_json(path)
    if path.suffix.lower() == ".npz":
        return _from_npz(path)
    raise BundleError(
        f"the scaler {path.name} is neither JSON nor npz; a pickle can run any program when it is opened, "
        f"so it is never opened here. {CONVERT}"
    )


def _from_json(path: Path) -> dict[str, JsonValue]:
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise BundleError(f"the scaler {path.name} is no valid JSON: {error}") from error
    if not isinstance(content, dict) or not content or not set(content) <= {"scaler", "minmax"}:
        raise BundleError(f"the scaler {path.name} must hold the keys scaler, minmax or both, and no other")
    return content


def _from_npz(path: Path) -> dict[str, JsonValue]:
    arrays = _arrays(path)
    minmax: dict[str, JsonValue] = {
        name.removeprefix("minmax."): values for name, values in arrays.items() if name.startswith("minmax.")
    }
    rest = {name: values for name, values in arrays.items() if not name.startswith("minmax.")}
    content: dict[str, JsonValue] = {"minmax": minmax} if minmax else {}
    if rest:
        if set(rest) not in ({"mean", "scale"}, {"min", "scale"}):
            raise BundleError(
                f"the scaler {path.name} holds {sorted(rest)}, expected mean and scale, or min and scale"
            )
        content["scaler"] = {"kind": "standard" if "mean" in rest else "minmax", **rest}
    return content


def _arrays(path: Path) -> dict[str, Any]:
    """Every array as a list of numbers; object arrays, which are pickles, are refused by numpy."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MAX_BYTES:
                raise BundleError(f"the scaler {path.name} unpacks to more than 16 MiB: it is no scaler")
        with np.load(path, allow_pickle=False) as loaded:
            arrays = {name: np.asarray(loaded[name], dtype=np.float64) for name in loaded.files}
    except (*ZIP_ERRORS, TypeError, KeyError) as error:
        raise BundleError(f"the scaler {path.name} is no npz of plain number arrays: {error}") from error
    return {name: array.ravel().tolist() for name, array in arrays.items()}
