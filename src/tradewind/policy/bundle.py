"""A model in a folder: weights, what they mean, proof that they answer as they did, and a manifest.

    weights.safetensors   the tensors of the network
    spec.json             `BundleSpec`
    golden.safetensors    64 observations and the actions that belong to them
    manifest.json         size and SHA-256 of the three, and the model hash

Loading reads numbers and text only; nothing in a bundle is ever executed. The same content gives the same
files, bit for bit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from pydantic import JsonValue, ValidationError
from safetensors import SafetensorError

from tradewind.policy.adapters import make_adapter
from tradewind.policy.errors import BundleError
from tradewind.policy.folder import read_folder, write_folder
from tradewind.policy.network import Network, Tensors, check_tensors
from tradewind.policy.spec import BundleSpec, canonical_json, first_error

WEIGHTS_FILE, SPEC_FILE = "weights.safetensors", "spec.json"
GOLDEN_FILE, MANIFEST_FILE = "golden.safetensors", "manifest.json"
FILES = (GOLDEN_FILE, SPEC_FILE, WEIGHTS_FILE)
GOLDEN_COUNT = 64
GOLDEN_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A verified model. Made by `create` or `load`; `sha256` names what it will decide."""

    spec: BundleSpec
    tensors: Tensors
    golden_observations: NDArray[np.float32]  # [64, inputs]
    golden_actions: NDArray[np.float64]  # [64, outputs]
    sha256: str  # the model hash: weights and spec without the evidence, which may grow later

    @classmethod
    def create(
        cls,
        spec: BundleSpec,
        tensors: Tensors,
        golden_observations: NDArray[np.float32] | None = None,
        golden_actions: NDArray[np.floating] | None = None,
    ) -> Bundle:
        """A bundle of new weights.

        `golden_observations` [64, inputs] default to seeded normal draws. `golden_actions` [64, outputs] are
        the answers of the network as it was trained; where they differ by more than 1e-5 it is refused.
        """
        network = Network(spec.network, tensors)
        _check_adapter(spec)
        if golden_observations is None:
            golden_observations = golden_draws(spec.network.inputs)
        observations = np.ascontiguousarray(golden_observations, dtype=np.float32)
        if observations.shape != (GOLDEN_COUNT, spec.network.inputs):
            raise BundleError(
                f"golden observations have shape {observations.shape}, "
                f"expected {(GOLDEN_COUNT, spec.network.inputs)}"
            )
        answers = np.array([network(row).copy() for row in observations])
        if golden_actions is not None:
            _compare_golden(answers, np.asarray(golden_actions, dtype=np.float64))
        model_hash = _model_hash(spec.to_json(), _tensor_bytes(tensors))
        return cls(spec, dict(tensors), observations, answers, model_hash)

    def with_evidence(self, evidence: Mapping[str, JsonValue]) -> Bundle:
        """The same model with other evidence, and so with the same model hash."""
        try:
            spec = BundleSpec.model_validate({**_fields(self.spec), "evidence": dict(evidence)}, strict=True)
        except ValidationError as error:
            raise BundleError(f"the evidence is no plain JSON: {first_error(error)}") from error
        return Bundle(spec, self.tensors, self.golden_observations, self.golden_actions, self.sha256)

    def save(self, folder: Path, replace: bool = False) -> None:
        """Write the four files, all or nothing. A folder that exists is refused unless `replace`."""
        write_folder(folder, self.files(), replace)

    def files(self) -> dict[str, bytes]:
        """The content of the four files by name, as `save` writes and `of_files` reads them."""
        golden: dict[str, NDArray[Any]] = {
            "actions": self.golden_actions,
            "observations": self.golden_observations,
        }
        files = {
            GOLDEN_FILE: safetensors.numpy.save(golden),
            SPEC_FILE: self.spec.to_json(),
            WEIGHTS_FILE: _tensor_bytes(self.tensors),
        }
        return {**files, MANIFEST_FILE: _manifest(files, self.sha256)}

    @classmethod
    def load(cls, folder: Path) -> Bundle:
        """Read and verify a bundle; `BundleError` says in one sentence why it is refused.

        Checked: no file missing or unknown, no links, sizes and SHA-256, the spec, the shape of every tensor,
        the constants of its adapter, and that the network gives the 64 golden actions to 1e-5.
        """
        return cls.of_files(read_folder(folder, (*FILES, MANIFEST_FILE)))

    @classmethod
    def of_files(cls, content: Mapping[str, bytes]) -> Bundle:
        """As `load`, from files that are read already."""
        files = dict(content)
        if sorted(files) != sorted((*FILES, MANIFEST_FILE)):
            raise BundleError(f"a bundle has other files than {', '.join(sorted(files))}: take a fresh copy")
        manifest = files.pop(MANIFEST_FILE)
        for name, bytes_of in files.items():
            _check_listed(manifest, name, bytes_of)
        spec = BundleSpec.from_json(files[SPEC_FILE])
        model_hash = _model_hash(files[SPEC_FILE], files[WEIGHTS_FILE])
        if _manifest(files, model_hash) != manifest:
            raise BundleError(
                "manifest.json was altered or lists other files: take a fresh copy of the bundle"
            )
        tensors = _read_tensors(WEIGHTS_FILE, files[WEIGHTS_FILE])
        check_tensors(spec.network, tensors)
        _check_adapter(spec)
        golden = _read_tensors(GOLDEN_FILE, files[GOLDEN_FILE])
        return cls._verified(spec, tensors, golden, model_hash)

    @classmethod
    def _verified(
        cls,
        spec: BundleSpec,
        tensors: dict[str, NDArray[Any]],
        golden: dict[str, NDArray[Any]],
        model_hash: str,
    ) -> Bundle:
        shapes = {
            "actions": ((GOLDEN_COUNT, spec.network.outputs), np.dtype(np.float64)),
            "observations": ((GOLDEN_COUNT, spec.network.inputs), np.dtype(np.float32)),
        }
        if {name: (array.shape, array.dtype) for name, array in golden.items()} != shapes:
            raise BundleError(
                f"golden.safetensors must hold {GOLDEN_COUNT} observations and actions of the network"
            )
        network = Network(spec.network, tensors)
        answers = np.array([network(row).copy() for row in golden["observations"]])
        _compare_golden(answers, golden["actions"])
        return cls(spec, tensors, golden["observations"], golden["actions"], model_hash)

    def require(
        self,
        *,
        symbols: Sequence[str] | None = None,
        timeframe: str | None = None,
        rules: Mapping[str, JsonValue] | None = None,
        kinds: Sequence[str] | None = None,
        venue: str | None = None,
        observation_names: Sequence[str] | None = None,
        schema_hash: str | None = None,
    ) -> None:
        """Raise `BundleError` with the difference unless it was trained under exactly what is asked.

        What is None is not asked. Other limits are refused whether they are looser or tighter.
        """
        spec = self.spec
        differences = [
            *_different_list("symbols", spec.symbols, symbols),
            *_different("timeframe", spec.timeframe, timeframe),
            *_different_list("kinds", spec.kinds, kinds),
            *_different("venue", spec.venue, venue),
            *_different_list("observation", spec.observation.names, observation_names),
            *_different("schema_hash", spec.observation.schema_hash, schema_hash),
        ]
        if rules is not None:
            differences += _different_rules(spec.rules, rules)
        if differences:
            raise BundleError(
                f"model {self.sha256[:12]} was trained under other conditions: {'; '.join(differences)}; "
                "run it under its own, or train again"
            )


def golden_draws(inputs: int) -> NDArray[np.float32]:
    """The [64, inputs] observations that prove a network when none are given: normal, always the same."""
    generator = np.random.Generator(np.random.PCG64(20_221_130))
    return generator.standard_normal((GOLDEN_COUNT, inputs)).astype(np.float32)


def _check_adapter(spec: BundleSpec) -> None:
    """An unknown adapter, or constants that do not fit, are found at load and not at the first bar."""
    if spec.adapter is not None:
        make_adapter(spec)


def _fields(spec: BundleSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in type(spec).model_fields}


def _tensor_bytes(tensors: Tensors) -> bytes:
    return safetensors.numpy.save({name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)})


def _model_hash(spec: bytes, weights: bytes) -> str:
    plain = {key: value for key, value in json.loads(spec).items() if key != "evidence"}
    return hashlib.sha256(hashlib.sha256(weights).digest() + canonical_json(plain)).hexdigest()


def _manifest(files: Mapping[str, bytes], model_hash: str) -> bytes:
    entries = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
    }
    return canonical_json({"files": entries, "format": 1, "model": model_hash})


def _check_listed(manifest: bytes, name: str, content: bytes) -> None:
    """Say which file was altered; that the manifest is right in every byte is checked after this."""
    if hashlib.sha256(content).hexdigest().encode() not in manifest:
        raise BundleError(
            f"{name} has {len(content)} bytes and another SHA-256 than manifest.json says: "
            "it was altered or cut short, take a fresh copy"
        )


def _read_tensors(name: str, content: bytes) -> dict[str, NDArray[Any]]:
    try:
        return dict(safetensors.numpy.load(content))
    except (SafetensorError, KeyError, ValueError) as error:
        raise BundleError(f"{name} is not a safetensors file: {error}") from error


def _compare_golden(answers: NDArray[np.float64], expected: NDArray[np.float64]) -> None:
    if answers.shape != expected.shape:
        raise BundleError(f"golden actions have shape {expected.shape}, expected {answers.shape}")
    allowed = GOLDEN_TOLERANCE * np.maximum(1.0, np.abs(expected))
    wrong = ~(np.abs(answers - expected) <= allowed)
    if wrong.any():
        row, column = (int(k) for k in np.argwhere(wrong)[0])
        raise BundleError(
            f"the network answers {answers[row, column]:.9g} to golden observation {row}, output {column}, "
            f"where {expected[row, column]:.9g} was recorded: this machine or program calculates otherwise"
        )


def _different(name: str, trained: object, asked: object | None) -> list[str]:
    return (
        [] if asked is None or asked == trained else [f"{name} is {trained!r} in the model, {asked!r} here"]
    )


def _different_list(name: str, trained: Sequence[str], asked: Sequence[str] | None) -> list[str]:
    if asked is None or tuple(asked) == tuple(trained):
        return []
    if sorted(asked) == sorted(trained):
        return [f"{name} are in another order, {', '.join(trained)} in the model, {', '.join(asked)} here"]
    missing = [value for value in trained if value not in asked]
    unknown = [value for value in asked if value not in trained]
    said = [f"{name} lack {', '.join(missing[:5])}"] if missing else []
    said += [f"{name} have {', '.join(unknown[:5])}, which the model does not know"] if unknown else []
    return said or [f"{name} are {len(trained)} in the model, {len(asked)} here"]


def _different_rules(trained: Mapping[str, JsonValue], asked: Mapping[str, JsonValue]) -> list[str]:
    ours, theirs = _flat(trained), _flat(asked)
    return [
        f"rule {key} is {_told(ours, key)} in the model, {_told(theirs, key)} here"
        for key in sorted(set(ours) | set(theirs))
        if _told(ours, key) != _told(theirs, key)
    ]


def _told(rules: Mapping[str, JsonValue], key: str) -> str:
    return repr(rules[key]) if key in rules else "not set"


def _flat(rules: Mapping[str, JsonValue], prefix: str = "") -> dict[str, JsonValue]:
    """Nested mappings as one level, with dotted keys; whole numbers as floats, so that 1 is 1.0."""
    flat: dict[str, JsonValue] = {}
    for key, value in rules.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            whole = isinstance(value, int) and not isinstance(value, bool)
            flat[prefix + key] = float(value) if whole else value  # type: ignore[arg-type]
    return flat
