"""A bundle is whole or refused, and the reason is one sentence."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tradewind.market import ConfigError, DataError
from tradewind.policy import Bundle, BundleError, BundleSpec, random_tensors
from tradewind.policy.bundle import FILES, MANIFEST_FILE, _manifest, _model_hash

ALL_FILES = (*FILES, MANIFEST_FILE)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ALL_FILES}


def reseal(folder: Path) -> None:
    """A manifest that fits the files as they are now, as a forger would write it."""
    files = {name: (folder / name).read_bytes() for name in FILES}
    model_hash = _model_hash(files["spec.json"], files["weights.safetensors"])
    (folder / MANIFEST_FILE).write_bytes(_manifest(files, model_hash))


def test_what_is_saved_is_what_is_loaded(bundle: Bundle, saved: Path) -> None:
    loaded = Bundle.load(saved)
    assert loaded.spec == bundle.spec
    assert loaded.sha256 == bundle.sha256
    assert {k: v.tolist() for k, v in loaded.tensors.items()} == {
        k: v.tolist() for k, v in bundle.tensors.items()
    }
    assert len(loaded.golden_actions) == 64


def test_the_same_content_gives_the_same_files(
    bundle: Bundle, saved: Path, tmp_path: Path, make_spec: Callable[..., BundleSpec]
) -> None:
    spec = make_spec(rules={"caps": {"weight": 0.25}, "stop_loss": 0.05})  # another order of keys
    tensors = random_tensors(spec.network, 3)
    Bundle.create(spec, dict(reversed(tensors.items()))).save(tmp_path / "again")
    Bundle.load(saved).save(tmp_path / "copy")
    assert contents(saved) == contents(tmp_path / "again") == contents(tmp_path / "copy")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(ALL_FILES), place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
@pytest.mark.fault("D1")
def test_any_changed_byte_is_refused(saved: Path, name: str, place: float, flip: int) -> None:
    path = saved / name
    whole = path.read_bytes()
    altered = bytearray(whole)
    altered[int(place * len(whole))] ^= flip
    path.write_bytes(altered)
    try:
        with pytest.raises(BundleError):
            Bundle.load(saved)
    finally:
        path.write_bytes(whole)


@pytest.mark.slow
def test_every_single_byte_counts(saved: Path) -> None:
    for name in ALL_FILES:
        path = saved / name
        whole = path.read_bytes()
        for place in range(len(whole)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            with pytest.raises(BundleError):
                Bundle.load(saved)
        path.write_bytes(whole)


@pytest.mark.parametrize("name", ALL_FILES)
@pytest.mark.fault("D1")
def test_a_truncated_file_is_refused(saved: Path, name: str) -> None:
    whole = (saved / name).read_bytes()
    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        (saved / name).write_bytes(whole[:length])
        with pytest.raises(BundleError):
            Bundle.load(saved)


@pytest.mark.parametrize("name", ALL_FILES)
@pytest.mark.fault("D1")
def test_a_missing_file_is_named(saved: Path, name: str) -> None:
    (saved / name).unlink()
    with pytest.raises(BundleError, match=f"lacks {name}"):
        Bundle.load(saved)


def test_a_file_too_many_is_named(saved: Path) -> None:
    (saved / "best_trial.pkl").write_bytes(b"")
    with pytest.raises(BundleError, match=r"holds best_trial.pkl, which no bundle has"):
        Bundle.load(saved)


def test_a_link_is_refused_even_to_the_right_content(saved: Path, tmp_path: Path) -> None:
    shutil.move(saved / "spec.json", tmp_path / "elsewhere.json")
    (saved / "spec.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(BundleError, match="links are refused"):
        Bundle.load(saved)


def test_a_fifo_is_refused_and_does_not_block(saved: Path) -> None:
    (saved / "spec.json").unlink()
    os.mkfifo(saved / "spec.json")
    with pytest.raises(BundleError, match="not a plain file"):
        Bundle.load(saved)


@pytest.mark.parametrize("listed", ["../outside.json", "/etc/passwd", "other.json"])
def test_a_manifest_that_points_elsewhere_is_refused(saved: Path, listed: str) -> None:
    manifest = json.loads((saved / MANIFEST_FILE).read_bytes())
    manifest["files"][listed] = manifest["files"]["spec.json"]
    (saved / MANIFEST_FILE).write_text(json.dumps(manifest, sort_keys=True, indent=1) + "\n")
    with pytest.raises(BundleError, match=r"manifest\.json was altered or lists other files"):
        Bundle.load(saved)


def test_no_folder_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="No such file"):
        Bundle.load(tmp_path / "nothing")


@pytest.mark.fault("D2")
def test_weights_of_another_shape_are_refused_under_a_fitting_manifest(saved: Path, bundle: Bundle) -> None:
    tensors = {**bundle.tensors, "layer_0.weight": np.zeros((16, 7), dtype=np.float32)}
    (saved / "weights.safetensors").write_bytes(safetensors.numpy.save(tensors))
    reseal(saved)
    with pytest.raises(BundleError, match=r"layer_0.weight is float32 \[16, 7\], expected float32 \[16, 6\]"):
        Bundle.load(saved)


@pytest.mark.fault("D5")
def test_weights_of_another_model_do_not_give_the_golden_actions(saved: Path, bundle: Bundle) -> None:
    other = random_tensors(bundle.spec.network, 4)
    (saved / "weights.safetensors").write_bytes(safetensors.numpy.save(other))
    reseal(saved)
    with pytest.raises(BundleError, match=r"the network answers .* where .* was recorded"):
        Bundle.load(saved)


@pytest.mark.fault("D1")
def test_a_pickle_in_place_of_the_weights_is_refused_and_not_run(
    saved: Path, hostile: Callable[[], bytes], trace: Path
) -> None:
    (saved / "weights.safetensors").write_bytes(hostile())
    reseal(saved)
    with pytest.raises(BundleError, match="not a safetensors file"):
        Bundle.load(saved)
    assert not trace.exists()


def edit_spec(folder: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    spec = json.loads((folder / "spec.json").read_bytes())
    edit(spec)
    (folder / "spec.json").write_text(json.dumps(spec, sort_keys=True, indent=1) + "\n")
    reseal(folder)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda s: s.update(leverage=3), "leverage: Extra inputs are not permitted"),
        (lambda s: s.update(format=2), "format: Input should be 1"),
        (lambda s: s.update(timeframe="5 minutes"), "timeframe '5 minutes' is not a bar length"),
        (lambda s: s.update(symbols=["BTC/USDT", "BTC/USDT"]), "name one instrument twice"),
        (lambda s: s.update(symbols=["BTC/USDT"], kinds=["spot"]), "2 outputs for 1 symbols"),
        (lambda s: s["seeds"].update(torch="1"), "seeds.torch: Input should be a valid integer"),
        (lambda s: s["network"].update(activations=["swish", "relu"]), "network.activations.0"),
        (lambda s: s["observation"]["names"].pop(), "5 names for the network's 6 inputs"),
        (lambda s: s.pop("venue"), "venue: Field required"),
        (lambda s: s.update(adapter={"name": "finrl8", "parameters": {}}), "adapter 'finrl8' is not known"),
        (lambda s: s.update(adapter={"name": "finrl7", "parameters": {}}), "adapter finrl7: the whole: give"),
    ],
)
def test_a_wrong_spec_is_refused_by_key(saved: Path, edit: Callable[..., None], said: str) -> None:
    edit_spec(saved, edit)
    with pytest.raises(BundleError, match=said):
        Bundle.load(saved)


def test_evidence_may_grow_without_another_model_hash(saved: Path, bundle: Bundle, tmp_path: Path) -> None:
    proven = Bundle.load(saved).with_evidence({"gate": {"passed": False}})
    proven.save(tmp_path / "proven")
    loaded = Bundle.load(tmp_path / "proven")
    assert loaded.spec.evidence == {"gate": {"passed": False}}
    assert loaded.sha256 == bundle.sha256
    assert contents(saved)["spec.json"] != contents(tmp_path / "proven")["spec.json"]


def test_evidence_that_is_no_json_is_refused(bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="evidence is no plain JSON"):
        bundle.with_evidence({"sharpe": float("nan")})


@pytest.mark.parametrize("change", [{"timeframe": "1h"}, {"rules": {}}, {"seeds": {"torch": 2}}])
def test_another_spec_is_another_model(
    bundle: Bundle, make_spec: Callable[..., BundleSpec], change: dict[str, Any]
) -> None:
    spec = make_spec(**change)
    assert Bundle.create(spec, random_tensors(spec.network, 3)).sha256 != bundle.sha256


def test_an_existing_folder_is_kept_unless_replaced(saved: Path, bundle: Bundle) -> None:
    before = contents(saved)
    other = Bundle.create(bundle.spec, random_tensors(bundle.spec.network, 9))
    with pytest.raises(ConfigError, match="exists already"):
        other.save(saved)
    assert contents(saved) == before
    other.save(saved, replace=True)
    assert Bundle.load(saved).sha256 == other.sha256
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


def test_a_failed_save_leaves_the_old_bundle_and_nothing_else(
    saved: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(saved)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        bundle.save(saved, replace=True)
    assert contents(saved) == before
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


@pytest.mark.fault("D5")
def test_golden_actions_of_the_trainer_must_agree(bundle: Bundle) -> None:
    wrong = bundle.golden_actions + 2e-5
    with pytest.raises(BundleError, match="calculates otherwise"):
        Bundle.create(bundle.spec, bundle.tensors, bundle.golden_observations, wrong)
    near = bundle.golden_actions + 1e-6
    assert (
        Bundle.create(bundle.spec, bundle.tensors, bundle.golden_observations, near).sha256 == bundle.sha256
    )


def test_what_it_was_trained_under_is_accepted(bundle: Bundle) -> None:
    bundle.require(
        symbols=["BTC/USDT", "ETH/USDT"],
        timeframe="5m",
        rules={"caps": {"weight": 0.25}, "stop_loss": 0.05},
        kinds=["spot", "spot"],
        venue="binance",
        schema_hash="abc",
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"symbols": ["ETH/USDT", "BTC/USDT"]}, "symbols are in another order"),
        ({"symbols": ["BTC/USDT", "SOL/USDT"]}, "symbols lack ETH/USDT; symbols have SOL/USDT"),
        ({"symbols": ["BTC/USDT"]}, "symbols lack ETH/USDT"),
        ({"symbols": ["BTC/USDT", "ETH/USDT", "ETH/USDT"]}, "symbols are 2 in the model, 3 here"),
        ({"timeframe": "1h"}, "timeframe is '5m' in the model, '1h' here"),
        ({"kinds": ["perpetual", "spot"]}, "kinds"),
        ({"venue": "bitget"}, "venue is 'binance' in the model, 'bitget' here"),
        ({"schema_hash": "abd"}, "schema_hash"),
        ({"observation_names": ["x0"]}, "observation lack x1"),
        ({"rules": {"stop_loss": 0.1, "caps": {"weight": 0.25}}}, "stop_loss is 0.05 in the model, 0.1 here"),
        (
            {"rules": {"stop_loss": 0.01, "caps": {"weight": 0.25}}},
            "stop_loss is 0.05 in the model, 0.01 here",
        ),
        ({"rules": {"stop_loss": 0.05, "caps": {"weight": 1}}}, "caps.weight is 0.25 in the model, 1.0 here"),
        ({"rules": {"caps": {"weight": 0.25}}}, "stop_loss is 0.05 in the model, not set here"),
        (
            {"rules": {"stop_loss": 0.05, "caps": {"weight": 0.25}, "fee": 0.0}},
            "fee is not set in the model, 0.0 here",
        ),
    ],
)
@pytest.mark.fault("D2")
@pytest.mark.fault("C4")
def test_anything_else_is_refused_with_the_difference(
    bundle: Bundle, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(BundleError, match=said):
        bundle.require(**asked)


def test_a_refusal_is_a_data_error_of_one_line(bundle: Bundle) -> None:
    with pytest.raises(DataError) as refused:
        bundle.require(symbols=["SOL/USDT", "XRP/USDT"], timeframe="1d", rules={})
    assert "\n" not in str(refused.value)


def test_numbers_that_json_does_not_have_are_refused(make_spec: Callable[..., BundleSpec]) -> None:
    with pytest.raises((ValidationError, BundleError)):
        make_spec(rules={"stop_loss": float("nan")}).to_json()


@pytest.mark.parametrize(
    "instruments", [(), ({"symbol": "X/USDT"},), ({"symbol": "X/USDT", "taker_fee": "0.1"},)]
)
def test_a_bundle_that_does_not_say_its_fees_is_read_and_says_none(
    make_spec: Callable[..., BundleSpec], instruments: tuple[dict[str, Any], ...]
) -> None:
    spec = BundleSpec.from_json(make_spec(instruments=instruments).to_json())
    assert spec.fees == {}
