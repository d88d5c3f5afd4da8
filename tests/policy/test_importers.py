"""Models from elsewhere answer as they did there, and nothing of them is ever executed."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import stable_baselines3 as sb3
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradewind.market import ConfigError, Observation, TradewindError
from tradewind.policy import Bundle, BundleError, BundlePolicy, Network
from tradewind.policy.importers import import_model

See = Callable[..., Observation]
ALGORITHMS = ("PPO", "A2C", "DDPG", "TD3", "SAC")
MINMAX = {
    **{n: [-40.0, 30.0] for n in ("macd", "macd_signal", "macd_histogram")},
    **{n: [1000.0, 4000.0] for n in ("bb_middle", "bb_upper", "bb_lower")},
    "rsi": [0.2, 0.8],
    "obv": [-8000.0, 3800.0],
}
ETH15 = {
    "adapter": "eth15",
    "venue": "binance",
    "symbols": ["ETH/USDT"],
    "timeframe": "1m",
    "kind": "perpetual",
    "parameters": {"minmax": MINMAX},
}


def native(inputs: int, symbols: list[str], **more: Any) -> dict[str, Any]:
    return {
        "adapter": "native",
        "venue": "binance",
        "symbols": symbols,
        "timeframe": "5m",
        "kind": "perpetual",
        "inputs": {"names": [f"x{k}" for k in range(inputs)], "schema_hash": "abc"},
        **more,
    }


class Target(gymnasium.Env):  # type: ignore[misc]
    """Reward for an action near the first inputs: enough to move every weight of a small net."""

    def __init__(self, inputs: int, low: list[float], high: list[float]) -> None:
        self.observation_space = gymnasium.spaces.Box(-5, 5, (inputs,), np.float32)
        self.action_space = gymnasium.spaces.Box(np.float32(low), np.float32(high))
        self._rng, self._seen, self._left = np.random.default_rng(0), np.zeros(inputs, np.float32), 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._left = 20
        return self._draw(), {}

    def _draw(self) -> Any:
        self._seen = self._rng.normal(size=self._seen.shape).astype(np.float32)
        return self._seen

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        reward = -float(np.square(action - self._seen[: len(action)]).sum())
        self._left -= 1
        return self._draw(), reward, False, self._left == 0, {}


def train(name: str, inputs: int, low: list[float], high: list[float], **kwargs: Any) -> Any:
    torch.set_num_threads(1)
    on_policy = name in ("PPO", "A2C")
    settings = (
        {"n_steps": 100} if on_policy else {"learning_starts": 50, "buffer_size": 2000, "train_freq": 4}
    )
    if name == "PPO":
        settings["batch_size"] = 50
    arch = {"net_arch": [24, 16]}
    policy_kwargs = {**({} if on_policy else arch), **kwargs}
    model = getattr(sb3, name)(
        "MlpPolicy",
        Target(inputs, low, high),
        seed=1,
        device="cpu",
        learning_rate=3e-3,
        policy_kwargs=policy_kwargs,
        **settings,
    )
    return model.learn(1000)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Path]]:
    """One small trained model of each algorithm, two actions with different bounds, and its zip."""
    folder = tmp_path_factory.mktemp("models")
    made = {}
    for name in ALGORITHMS:
        model = train(name, 6, [-2.0, -1.0], [1.0, 0.5])
        model.save(folder / f"{name}.zip")
        made[name] = (model, folder / f"{name}.zip")
    return made


def spec_file(folder: Path, content: dict[str, Any]) -> Path:
    path = folder / "spec.json"
    path.write_text(json.dumps(content))
    return path


NATIVE = native(6, ["BTC/USDT:USDT", "ETH/USDT:USDT"])


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_sb3_model_answers_as_its_own_predict(
    name: str, models: dict[str, tuple[Any, Path]], tmp_path: Path
) -> None:
    model, path = models[name]
    import_model(path, spec_file(tmp_path, NATIVE)).save(tmp_path / "model")
    bundle = Bundle.load(tmp_path / "model")
    network = Network(bundle.spec.network, bundle.tensors)
    rows = np.random.default_rng(1).normal(size=(300, 6)).astype(np.float32) * 1.5
    expected = np.array([model.predict(row, deterministic=True)[0] for row in rows])
    np.testing.assert_allclose([network(row).copy() for row in rows], expected, atol=1e-6, rtol=0)
    assert np.ptp(expected, axis=0).min() > 0.05  # it has learnt to answer differently
    assert bundle.spec.algorithm == name
    assert bundle.spec.network.low == (-2.0, -1.0)
    assert bundle.spec.hyperparameters["learning_rate"] == 3e-3


@pytest.mark.parametrize("activation", ["ELU", "LeakyReLU", "GELU", "Sigmoid"])
def test_an_unusual_activation_is_read_from_the_zip(activation: str, tmp_path: Path) -> None:
    model = sb3.PPO(
        "MlpPolicy",
        Target(6, [-1.0, -1.0], [1.0, 1.0]),
        device="cpu",
        policy_kwargs={"activation_fn": getattr(torch.nn, activation), "net_arch": [8]},
    )
    model.save(tmp_path / "m.zip")
    bundle = import_model(tmp_path / "m.zip", spec_file(tmp_path, NATIVE))
    network = Network(bundle.spec.network, bundle.tensors)
    row = np.linspace(-2, 2, 6).astype(np.float32)
    np.testing.assert_allclose(network(row), model.predict(row, deterministic=True)[0], atol=1e-6)
    with pytest.raises(BundleError, match="the spec says activation tanh, the model was saved with"):
        import_model(tmp_path / "m.zip", spec_file(tmp_path, {**NATIVE, "activation": "tanh"}))


def test_an_a2c_of_the_eth_system_trades_as_it_meant(tmp_path: Path, see: See) -> None:
    """Golden: the adapter's vector into the original model gives the exposure that we trade."""
    model = train("A2C", 15, [-1.0], [1.0])
    model.save(tmp_path / "eth.zip")
    mean, scale = np.linspace(-0.3, 0.3, 15), np.linspace(0.5, 2.0, 15)
    np.savez(tmp_path / "scaler.npz", mean=mean, scale=scale)
    policy = BundlePolicy(
        import_model(tmp_path / "eth.zip", spec_file(tmp_path, {**ETH15, "scaler": "scaler.npz"}))
    )
    low = np.array([MINMAX[n][0] for n in MINMAX])
    high = np.array([MINMAX[n][1] for n in MINMAX])
    slots = [6, 7, 8, 10, 11, 12, 9, 13]  # of the names in MINMAX, in its order
    rng, change, position = np.random.default_rng(2), 0.0, 0.0
    for _ in range(100):
        z = [rng.normal() * 2, rng.choice([-1, -0.5, 0, 0.5, 1]), rng.normal() / 50, rng.normal()]
        scaled = rng.uniform(low - 0.1 * (high - low), high + 0.1 * (high - low))
        legacy = np.zeros(15)
        legacy[[0, 5]] = position, change
        legacy[1:5] = z
        legacy[slots] = (scaled - low) / (high - low) * 2 - 1
        bound = np.array([1, 5, 1, 0.1, 2, 0.2] + [1] * 9)
        x = ((np.clip(legacy, -bound, bound) - mean) / scale).astype(np.float32)
        exposure = float(model.predict(x, deterministic=True)[0][0])
        expected = np.clip(np.clip(exposure, position - 0.1, position + 0.1), -1, 1)
        raw = np.array([[*z, *scaled[:3], scaled[6], *scaled[3:6], scaled[7]]])
        target = policy.decide(see(features=raw, close=[2500.0], weights=[position]))
        assert target[0] == pytest.approx(expected, abs=1e-6)
        change, position = target[0] - position, target[0]
    assert policy.held == 0


def sequential(*sizes: int, last: Any = None) -> Any:
    parts: list[Any] = []
    for n, m in pairwise(sizes):
        parts += [torch.nn.Linear(n, m), torch.nn.ReLU()]
    if last is not None:
        parts[-3] = last
    return torch.nn.Sequential(*parts[:-1])


class PlainActor(torch.nn.Module):  # type: ignore[misc]
    """As ElegantRL of 2022 has it for PPO: net, then tanh; a free log standard deviation beside it."""

    def __init__(self, state: int, width: int, action: int, last: Any = None) -> None:
        super().__init__()
        self.net = sequential(state, width, width, action, last=last)
        self.a_std_log = torch.nn.Parameter(torch.zeros(1, action) - 0.5)

    def forward(self, state: Any) -> Any:
        return self.net(state).tanh()


class SquashedActor(torch.nn.Module):  # type: ignore[misc]
    """As ElegantRL of 2022 has it for SAC: a common part, then mean and spread."""

    def __init__(self, state: int, width: int, action: int) -> None:
        super().__init__()
        self.net_state = torch.nn.Sequential(
            torch.nn.Linear(state, width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU()
        )
        self.net_a_avg = sequential(width, width, action)
        self.net_a_std = sequential(width, width, action)

    def forward(self, state: Any) -> Any:
        return self.net_a_avg(self.net_state(state)).tanh()


FINRL7 = {
    "adapter": "finrl7",
    "venue": "binance",
    "symbols": ["BTC/USDT", "ETH/USDT"],
    "timeframe": "5m",
    "kind": "spot",
    "parameters": {"first_prices": [40_000.0, 3_000.0]},
}


@pytest.mark.parametrize("actor", [PlainActor, SquashedActor])
def test_an_elegantrl_actor_trades_as_it_meant(actor: Any, tmp_path: Path, see: See) -> None:
    """Golden: legacy state, original forward, legacy quantities."""
    torch.manual_seed(3)
    net = actor(17, 32, 2)
    torch.save(net.state_dict(), tmp_path / "actor.pth")
    policy = BundlePolicy(import_model(tmp_path / "actor.pth", spec_file(tmp_path, FINRL7)))
    rng = np.random.default_rng(4)
    for _ in range(100):
        weights = rng.dirichlet([1, 1, 2])
        close = np.array([40_000.0, 3_000.0]) * rng.uniform(0.7, 1.4, size=2)
        tech = rng.normal(size=14) * 1e4
        coins = weights[:2] * 1e6 / close
        state = np.hstack([weights[2] * 1e6 * 2**-12, coins * 2**-8, tech * 2**-15]).astype(np.float32)
        with torch.no_grad():
            action = net(torch.from_numpy(state)[None])[0].double().numpy()
        bought = action * 10_000 / 10.0 ** np.array([4, 3])
        expected = np.clip((coins + bought) * close / 1e6, 0, 1)
        target = policy.decide(
            see(features=tech[None], close=close, weights=weights[:2], cash_fraction=weights[2])
        )
        np.testing.assert_allclose(target, expected, atol=1e-6)


def test_an_elegantrl_actor_of_another_kind_takes_activations_from_the_spec(tmp_path: Path) -> None:
    net = PlainActor(17, 8, 2, last=torch.nn.Hardswish())
    torch.save(net.state_dict(), tmp_path / "actor.pth")
    spec = spec_file(tmp_path, {**FINRL7, "activation": ["relu", "hardswish"]})
    bundle = import_model(tmp_path / "actor.pth", spec)
    network = Network(bundle.spec.network, bundle.tensors)
    row = np.linspace(-3, 3, 17).astype(np.float32)
    np.testing.assert_allclose(network(row), net(torch.from_numpy(row)).detach().numpy(), atol=1e-6)


def refused(model: Path, folder: Path, content: dict[str, Any], said: str) -> str:
    with pytest.raises(TradewindError, match=said) as error:
        import_model(model, spec_file(folder, content))
    return str(error.value)


def rezip(source: Path, target: Path, change: dict[str, bytes | None]) -> Path:
    """A copy of a zip with entries replaced, added, or (None) left out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if name not in change:
                new.writestr(name, old.read(name))
        for name, content in change.items():
            if content is not None:
                new.writestr(name, content)
    return target


@pytest.mark.fault("D1")
def test_pickles_inside_an_sb3_zip_are_never_executed(
    models: dict[str, tuple[Any, Path]], tmp_path: Path, hostile: Callable[[], bytes], trace: Path
) -> None:
    """Every value that SB3 would unpickle is replaced by one that leaves a trace; the import succeeds."""
    _, path = models["A2C"]
    with zipfile.ZipFile(path) as archive:
        data = json.loads(archive.read("data"))
    poison = base64.b64encode(hostile()).decode()
    for value in data.values():
        if isinstance(value, dict) and ":serialized:" in value:
            value[":serialized:"] = poison
    bad = rezip(path, tmp_path / "bad.zip", {"data": json.dumps(data).encode()})
    clean = import_model(path, spec_file(tmp_path, NATIVE))
    assert import_model(bad, spec_file(tmp_path, NATIVE)).sha256 == clean.sha256
    assert not trace.exists()


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_hostile_policy_inside_an_sb3_zip_is_refused_unopened(
    wrapped: bool,
    models: dict[str, tuple[Any, Path]],
    tmp_path: Path,
    hostile: Callable[[], bytes],
    hostile_object: Any,
    trace: Path,
) -> None:
    content = io.BytesIO()
    torch.save({"action_net.weight": hostile_object}, content)
    evil = content.getvalue() if wrapped else hostile()
    bad = rezip(models["A2C"][1], tmp_path / "bad.zip", {"policy.pth": evil})
    refused(bad, tmp_path, NATIVE, "refused")
    assert not trace.exists()


@pytest.mark.fault("D1")
def test_a_hostile_actor_is_refused_unopened(
    tmp_path: Path, hostile: Callable[[], bytes], hostile_object: Any, trace: Path
) -> None:
    torch.save({"net.0.weight": hostile_object}, tmp_path / "actor.pth")
    said = refused(tmp_path / "actor.pth", tmp_path, FINRL7, r"pickled Python objects \(io.open\)")
    assert "actor.state_dict()" in said
    (tmp_path / "old.pth").write_bytes(hostile())
    refused(tmp_path / "old.pth", tmp_path, FINRL7, "refused")
    assert not trace.exists()


def test_a_pickled_module_is_refused_with_the_way_to_convert_it(tmp_path: Path) -> None:
    torch.save(PlainActor(17, 8, 2).net, tmp_path / "actor.pth")
    said = refused(tmp_path / "actor.pth", tmp_path, FINRL7, "torch.nn.modules.container.Sequential")
    assert "torch.save(actor.state_dict(), " in said


@pytest.mark.parametrize("suffix", [".pkl", ".joblib"])
def test_a_pickle_as_model_is_refused_unopened(
    suffix: str, tmp_path: Path, hostile: Callable[[], bytes], trace: Path
) -> None:
    (tmp_path / f"model{suffix}").write_bytes(hostile())
    refused(tmp_path / f"model{suffix}", tmp_path, FINRL7, "is a pickle")
    assert not trace.exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_model_is_refused(
    share: float, models: dict[str, tuple[Any, Path]], tmp_path: Path
) -> None:
    whole = models["TD3"][1].read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: int(len(whole) * share)])
    refused(tmp_path / "cut.zip", tmp_path, NATIVE, "cut short or damaged")
    torch.save(PlainActor(17, 8, 2).state_dict(), tmp_path / "actor.pth")
    whole = (tmp_path / "actor.pth").read_bytes()
    (tmp_path / "actor.pth").write_bytes(whole[: int(len(whole) * share)])
    refused(tmp_path / "actor.pth", tmp_path, FINRL7, "cut short|refused")


def test_an_altered_byte_in_a_zip_is_refused(models: dict[str, tuple[Any, Path]], tmp_path: Path) -> None:
    _, path = models["PPO"]
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("policy.pth")
    altered = bytearray(path.read_bytes())
    altered[entry.header_offset + 200 + entry.file_size // 2] ^= 1
    (tmp_path / "altered.zip").write_bytes(altered)
    refused(tmp_path / "altered.zip", tmp_path, NATIVE, "cut short or damaged: Bad CRC-32")


@pytest.mark.parametrize("kind", ["zip", "pth"])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_nothing(
    kind: str, models: dict[str, tuple[Any, Path]], tmp_path: Path, place: float, flip: int
) -> None:
    """Time stamps and paddings of an archive may differ; a weight may not, and nothing may crash."""
    spec = spec_file(tmp_path, NATIVE if kind == "zip" else FINRL7)
    whole = models["PPO"][1] if kind == "zip" else tmp_path / "whole.pth"
    if kind == "pth" and not whole.exists():
        torch.save(PlainActor(17, 8, 2).state_dict(), whole)
    altered = bytearray(whole.read_bytes())
    altered[int(place * len(altered))] ^= flip
    (tmp_path / f"altered.{kind}").write_bytes(altered)
    try:
        found = import_model(tmp_path / f"altered.{kind}", spec)
    except TradewindError:
        return
    expected = import_model(whole, spec)
    assert {k: v.tolist() for k, v in found.tensors.items()} == {
        k: v.tolist() for k, v in expected.tensors.items()
    }


def test_a_zip_bomb_is_refused_by_its_size(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("policy.pth", "w", force_zip64=True) as entry:
            for _ in range(9):
                entry.write(bytes(64 * 1024 * 1024))
        archive.writestr("data", "{}")
    assert (tmp_path / "bomb.zip").stat().st_size < 10_000_000
    refused(tmp_path / "bomb.zip", tmp_path, NATIVE, "unpacks to 603979778 bytes")


def test_a_tensor_that_claims_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    torch.save({"net.0.weight": torch.zeros(1).expand(2**20, 2**20)}, tmp_path / "actor.pth")
    refused(tmp_path / "actor.pth", tmp_path, FINRL7, "claims 1099511627776 numbers")


def test_an_entry_that_points_outside_is_refused(models: dict[str, tuple[Any, Path]], tmp_path: Path) -> None:
    bad = rezip(models["PPO"][1], tmp_path / "bad.zip", {"../../outside": b"x"})
    refused(bad, tmp_path, NATIVE, "points out of the archive")
    assert not (tmp_path.parent.parent / "outside").exists()


@pytest.mark.parametrize("missing", ["policy.pth", "data"])
def test_a_zip_that_is_no_sb3_model_is_refused(
    missing: str, models: dict[str, tuple[Any, Path]], tmp_path: Path
) -> None:
    bad = rezip(models["PPO"][1], tmp_path / "bad.zip", {missing: None})
    refused(bad, tmp_path, NATIVE, f"no Stable-Baselines3 model.*{missing}")


@pytest.mark.parametrize("name", ["PPO", "SAC"])
def test_state_dependent_exploration_is_refused(name: str, tmp_path: Path) -> None:
    env = Target(6, [-1.0, -1.0], [1.0, 1.0])
    getattr(sb3, name)("MlpPolicy", env, use_sde=True, device="cpu").save(tmp_path / "m.zip")
    refused(tmp_path / "m.zip", tmp_path, NATIVE, "state-dependent exploration")


def test_a_dictionary_observation_and_a_discrete_action_are_refused(tmp_path: Path) -> None:
    class Other(Target):
        def __init__(self, space: Any, action: Any) -> None:
            super().__init__(6, [-1.0], [1.0])
            self.observation_space, self.action_space = space or self.observation_space, action

    vector = gymnasium.spaces.Box(-1, 1, (3,))
    two = gymnasium.spaces.Discrete(2)
    sb3.PPO("MultiInputPolicy", Other(gymnasium.spaces.Dict({"a": vector}), vector), device="cpu").save(
        tmp_path / "dict.zip"
    )
    refused(tmp_path / "dict.zip", tmp_path, NATIVE, "observations are .*Dict")
    sb3.PPO("MlpPolicy", Other(None, two), device="cpu").save(tmp_path / "discrete.zip")
    refused(tmp_path / "discrete.zip", tmp_path, NATIVE, "actions are .*Discrete")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"inputs": native(5, [])["inputs"]}, "5 names for the network's 6 inputs"),
        ({"symbols": ["BTC/USDT"]}, "2 outputs for 1 symbols"),
        ({"symbols": ["BTC/USDT", "BTC/USDT"]}, "name one instrument twice"),
        ({"algorithm": "SAC"}, "the spec says SAC, the tensors are those of PPO or A2C"),
        ({"low": [-1.0, -1.0], "high": [1.0, 1.0]}, "the spec bounds the action by .* the model by"),
        ({"activation": ["tanh"]}, "names 1 activations, the network has 2 hidden layers"),
        ({"inputs": None}, "adapter native needs"),
        ({"timeframe": "5 min"}, "not a bar length"),
        ({"adaptor": "eth15"}, "wrong at adaptor: Extra inputs"),
        ({"kind": "future"}, "wrong at kind: Input should be 'spot' or 'perpetual'"),
        ({"low": [-1.0, -1.0]}, "low and high are given together"),
    ],
)
def test_a_spec_that_does_not_fit_is_refused(
    change: dict[str, Any], said: str, models: dict[str, tuple[Any, Path]], tmp_path: Path
) -> None:
    refused(models["A2C"][1], tmp_path, {**NATIVE, **change}, said)


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"conv.0.weight": (3, 3)}, "no ElegantRL actor among"),
        ({"net.0.weight": (8, 17), "net.0.bias": (8,), "net.1.weight": (8,), "net.1.bias": (8,)}, "expected"),
        ({"net.0.weight": (8,), "net.0.bias": (8,)}, "it is not linear"),
        ({"net.0.weight": (8, 17)}, r"layer net.0 has \['weight'\]"),
        (
            {"net.0.weight": (8, 17), "net.0.bias": (8,), "net.2.weight": (2, 9), "net.2.bias": (2,)},
            "layer 0 gives 8 values and layer 1 takes 9",
        ),
        ({"net.0.weight": (2, 16), "net.0.bias": (2,)}, "17 names for the network's 16 inputs"),
        ({"net.0.weight": (2, 17), "net.0.bias": (2,), "dec.weight": (1, 1)}, "no known ElegantRL actor"),
        ({"net.0.weight": (2, 17), "net.0.bias": (2,), "state_avg": (17,)}, "normalises its state"),
    ],
)
@pytest.mark.fault("D2")
def test_an_actor_of_another_shape_is_refused(
    tensors: dict[str, tuple[int, ...]], said: str, tmp_path: Path
) -> None:
    torch.save({name: torch.ones(shape) for name, shape in tensors.items()}, tmp_path / "actor.pth")
    refused(tmp_path / "actor.pth", tmp_path, FINRL7, said)


def test_weights_with_nan_are_refused(tmp_path: Path) -> None:
    state = PlainActor(17, 8, 2).state_dict()
    state["net.2.weight"][0, 0] = float("nan")
    torch.save(state, tmp_path / "actor.pth")
    refused(tmp_path / "actor.pth", tmp_path, FINRL7, "layer_1.weight holds NaN")


def actor_file(folder: Path) -> Path:
    torch.save(PlainActor(15, 8, 1).state_dict(), folder / "actor.pth")
    return folder / "actor.pth"


def imported_scaler(folder: Path, scaler: Path) -> Any:
    spec = spec_file(folder, {**ETH15, "parameters": {}})
    bundle = import_model(actor_file(folder), spec, scaler)
    assert bundle.spec.adapter is not None
    return bundle.spec.adapter.parameters


def test_a_scaler_comes_as_json_or_npz(tmp_path: Path) -> None:
    scaler = {"kind": "minmax", "min": [0.5] * 15, "scale": [2.0] * 15}
    whole = {"minmax": MINMAX, "scaler": scaler}
    (tmp_path / "s.json").write_text(json.dumps(whole))
    arrays = {f"minmax.{name}": np.array(pair) for name, pair in MINMAX.items()}
    np.savez(tmp_path / "s.npz", min=np.full(15, 0.5), scale=np.full(15, 2.0), **arrays)
    assert imported_scaler(tmp_path, tmp_path / "s.json") == whole
    assert imported_scaler(tmp_path, tmp_path / "s.npz") == whole


@pytest.mark.parametrize("suffix", [".pkl", ".joblib", ""])
def test_a_pickled_scaler_is_refused_with_the_way_to_convert_it(
    suffix: str, tmp_path: Path, hostile: Callable[[], bytes], trace: Path
) -> None:
    (tmp_path / f"s{suffix}").write_bytes(hostile())
    with pytest.raises(BundleError, match=r"neither JSON nor npz.*\n.*joblib\.load"):
        imported_scaler(tmp_path, tmp_path / f"s{suffix}")
    assert not trace.exists()


def test_a_pickle_inside_an_npz_is_refused_unopened(tmp_path: Path, hostile_object: Any, trace: Path) -> None:
    np.savez(tmp_path / "s.npz", mean=np.array([hostile_object], dtype=object), scale=np.ones(15))
    with pytest.raises(BundleError, match="no npz of plain number arrays"):
        imported_scaler(tmp_path, tmp_path / "s.npz")
    assert not trace.exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("s.json", b"{", "no valid JSON"),
        ("s.json", b'{"mean": [1]}', "keys scaler, minmax or both"),
        ("s.npz", b"PK\x03\x04", "no npz"),
        ("s.npz", b"", "no npz"),
    ],
)
def test_a_damaged_scaler_is_refused(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BundleError, match=said):
        imported_scaler(tmp_path, tmp_path / name)


def test_missing_constants_are_refused_at_import(tmp_path: Path) -> None:
    content = {**ETH15, "parameters": {}}
    refused(actor_file(tmp_path), tmp_path, content, "adapter eth15: minmax: Field required")


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    refused(tmp_path / "no.zip", tmp_path, NATIVE, "the model .*no.zip is not there")
    with pytest.raises(ConfigError, match=r"spec .*nospec.toml cannot be read"):
        import_model(actor_file(tmp_path), tmp_path / "nospec.toml")
    with pytest.raises(ConfigError, match=r"scaler .*no.npz cannot be read"):
        imported_scaler(tmp_path, tmp_path / "no.npz")


@pytest.mark.parametrize(("name", "content"), [("s.toml", "a = "), ("s.json", "{"), ("s.yaml", "a: 1")])
def test_a_spec_that_cannot_be_parsed_is_refused(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=r"no valid|must be a .toml or .json"):
        import_model(actor_file(tmp_path), tmp_path / name)


def test_without_torch_the_reason_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = actor_file(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    refused(path, tmp_path, FINRL7, r"needs torch, which is not installed: pip install 'tradewind\[train\]'")
