"""One model file and one spec file become one bundle."""

from __future__ import annotations

import zipfile
from importlib.metadata import version
from pathlib import Path

from pydantic import JsonValue, ValidationError

from tradewind.market import ConfigError
from tradewind.policy.adapters import input_names
from tradewind.policy.bundle import Bundle, golden_draws
from tradewind.policy.errors import BundleError
from tradewind.policy.importers.chain import layer_sizes, named, torch_answers
from tradewind.policy.importers.elegantrl import CONVERT, read_elegantrl
from tradewind.policy.importers.sb3 import read_sb3
from tradewind.policy.importers.scaler_file import read_scaler
from tradewind.policy.importers.source import Source
from tradewind.policy.importers.tensors import ZIP_ERRORS
from tradewind.policy.importers.user_spec import UserSpec
from tradewind.policy.network import NetworkSpec
from tradewind.policy.spec import ActionSpec, AdapterSpec, BundleSpec, ObservationSpec, first_error


def import_model(model: Path, spec_file: Path, scaler: Path | None = None) -> Bundle:
    """The bundle of a Stable-Baselines3 zip or an ElegantRL `.pth`, checked against torch on 64 inputs.

    `scaler` overrides the path in the spec. Raises `ConfigError` (the spec) or `BundleError` (the files).
    """
    user = UserSpec.read(spec_file)
    if scaler is None and user.scaler is not None:
        scaler = spec_file.parent / user.scaler
    source = _read_source(model, user)
    try:
        spec = _bundle_spec(source, user, None if scaler is None else read_scaler(scaler))
    except ValidationError as error:
        raise BundleError(
            f"{model.name} and {spec_file.name} do not fit together: {first_error(error)}"
        ) from error
    observations = golden_draws(spec.network.inputs)
    answers = torch_answers(spec.network, source.layers, observations)
    return Bundle.create(spec, named(source.layers), observations, answers)


def save_verified(bundle: Bundle, folder: Path, replace: bool = False) -> Path:
    """Save and read back, so that what is announced is what a later load accepts."""
    bundle.save(folder, replace)
    Bundle.load(folder)
    return folder


def _read_source(model: Path, user: UserSpec) -> Source:
    if not model.is_file():
        raise ConfigError(f"the model {model} is not there, expected a .zip or .pth file")
    suffix = model.suffix.lower()
    if suffix in (".pkl", ".pickle", ".joblib"):
        raise BundleError(
            f"{model.name} is a pickle, which can run any program when opened, so it never is. {CONVERT}"
        )
    if suffix == ".zip" or _is_sb3(model):
        return read_sb3(model, user)
    if suffix in (".pth", ".pt"):
        return read_elegantrl(model, user)
    raise ConfigError(f"{model.name} is neither a Stable-Baselines3 .zip nor an ElegantRL .pth")


def _is_sb3(model: Path) -> bool:
    try:
        with zipfile.ZipFile(model) as archive:
            return "policy.pth" in archive.namelist()
    except ZIP_ERRORS:
        return False


def _bundle_spec(source: Source, user: UserSpec, scaler: dict[str, JsonValue] | None) -> BundleSpec:
    width = len(user.symbols)
    sizes = layer_sizes(source.layers)
    low, high = _bounds(source, user, sizes[-1])
    return BundleSpec(
        network=NetworkSpec(
            layers=sizes, activations=source.activations, head=source.head, low=low, high=high
        ),
        observation=_observation(user, scaler),
        action=ActionSpec(scale=user.scale or (1.0,) * width, offset=user.offset or (0.0,) * width),
        venue=user.venue,
        symbols=user.symbols,
        kinds=(user.kind,) * width,
        timeframe=user.timeframe,
        algorithm=source.algorithm,
        hyperparameters={**source.hyperparameters, **user.hyperparameters},
        rules=user.rules,
        instruments=user.instruments,
        data=user.data,
        seeds=user.seeds,
        code_version=version("tradewind"),
        created=user.created,
        adapter=_adapter(user, scaler),
    )


def _bounds(source: Source, user: UserSpec, outputs: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The action's Box, from the file or the user; the two must not contradict each other."""
    saved = None if source.low is None or source.high is None else (source.low, source.high)
    given = None if user.low is None or user.high is None else (user.low, user.high)
    if saved is not None and len(saved[0]) != outputs:
        saved = None  # a scalar bound, or a print cut short
    if saved is not None and given is not None and saved != given:
        raise BundleError(f"the spec bounds the action by {given}, the model by {saved}: correct the spec")
    bounds = given or saved
    if bounds is None:
        raise ConfigError("the model does not say the bounds of its action: give low and high in the spec")
    return bounds


def _observation(user: UserSpec, scaler: dict[str, JsonValue] | None) -> ObservationSpec:
    if user.inputs is not None:
        given = user.inputs
        return ObservationSpec(
            names=given.names,
            schema_hash=given.schema_hash,
            lookback=given.lookback,
            features=given.features,
            scaler=given.scaler if scaler is None else scaler,
            feature_columns=given.feature_columns,
        )
    lookback = user.parameters.get("lookback", 1)
    return ObservationSpec(
        names=input_names(user.adapter, user.symbols, user.parameters),
        schema_hash=f"adapter:{user.adapter}",
        lookback=lookback if isinstance(lookback, int) else 1,
        features={"preset": user.adapter},
        feature_columns=user.feature_columns,
    )


def _adapter(user: UserSpec, scaler: dict[str, JsonValue] | None) -> AdapterSpec | None:
    if user.adapter == "native":
        return None
    if user.adapter == "finrl7" and scaler is not None:
        raise BundleError(
            "adapter finrl7 takes no scaler: its inputs are scaled by norm_cash, norm_stocks, norm_tech"
        )
    return AdapterSpec(name=user.adapter, parameters={**user.parameters, **(scaler or {})})
