"""Steps a second of the environment, observation, stops, funding, partial fills and resets included."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from measure import Peer, Result, compared, side_by_side
from scenes import EPISODE_BARS, FEATURES, POSITIONS, Scene, random_walk
from tradewind.market import Instrument, Kind, Market, Timeframe
from tradewind.risk import RiskLimits
from tradewind.simulator import Rules, Simulator, Tape, build_tape
from tradewind.training import TradingEnv
from tradewind.training.batch import EpisodeBatch

GYM = "Gym-Trading-Env"
BATCHES = (64, 128, 256, 512, 1024)
TARGETS = {1: 100.0, 10: 80.0}
RISK = RiskLimits(stop_loss=0.008, trailing_stop=0.006, daily_loss=None, max_drawdown=None)
"""Stops near enough to be hit; neither kill switch nor daily limit, so that random accounts go on trading."""


def market_of(scene: Scene, kind: Kind = Kind.PERPETUAL, **instrument: object) -> Market:
    """The scene as a market of one instrument."""
    values: dict[str, object] = {"lot": Decimal("0.001"), "taker_fee": 5e-4, **instrument}
    traded = Instrument("bench", "COIN/USDT", "COIN", "USDT", kind, **values)  # type: ignore[arg-type]
    bars = len(scene.close)
    columns = {
        name: np.ascontiguousarray(getattr(scene, name)[:, None])
        for name in ("open", "high", "low", "close", "volume")
    }
    return Market(
        instruments=(traded,),
        timeframe=Timeframe("5m"),
        open_time=np.arange(bars, dtype=np.int64) * 300_000,
        **columns,
        tradable=np.ones((bars, 1), np.bool_),
        fragments=np.array([[0, bars]], np.int64),
        funding_rate=scene.funding[:, None].copy() if kind is Kind.PERPETUAL else None,
    )


def tape_of(scene: Scene, lookback: int) -> Tape:
    names = tuple(f"feature_{k}" for k in range(FEATURES))
    raw = scene.features.astype(np.float64)
    return build_tape(market_of(scene), scene.features, raw, names, lookback=lookback)


def targets_for(accounts: int) -> list[NDArray[np.float32]]:
    rng = np.random.default_rng(2)
    return [rng.choice(POSITIONS, (accounts, 1)).astype(np.float32) for _ in range(257)]


class Batched:
    """N accounts over one tape, driven as training drives them."""

    def __init__(self, tape: Tape, accounts: int) -> None:
        self.batch = EpisodeBatch(
            tape,
            Rules(risk=RISK, lookback=tape.lookback),
            environments=accounts,
            episode_bars=EPISODE_BARS,
            generator=np.random.default_rng(5),
        )
        self.batch.begin_all()
        self.accounts = accounts
        self.actions = targets_for(accounts)

    def steps_per_second(self, seconds: float) -> float:
        batch, steps = self.batch, 0
        began = time.process_time()
        while time.process_time() - began < seconds:
            for actions in self.actions:
                if batch.advance(actions):
                    batch.renew(batch.ended())
            steps += len(self.actions) * self.accounts
        return steps / (time.process_time() - began)


class OneByKernel:
    """One account, one call of the kernel a bar: `BoundStep`, on which the Gymnasium environment stands."""

    def __init__(self, tape: Tape) -> None:
        self.batch = EpisodeBatch(
            tape,
            Rules(risk=RISK, lookback=tape.lookback),
            episode_bars=EPISODE_BARS,
            generator=np.random.default_rng(5),
        )
        self.batch.begin_all()
        self.targets = [float(actions[0, 0]) for actions in targets_for(1)]

    def steps_per_second(self, seconds: float) -> float:
        batch, steps = self.batch, 0
        step, actions = batch.bound_step, batch.actions
        began = time.process_time()
        while time.process_time() - began < seconds:
            for target in self.targets:
                actions[0, 0] = target
                if step():
                    batch.renew(batch.ended())
            steps += len(self.targets)
        return steps / (time.process_time() - began)


class OneBySimulator:
    """One account by `Simulator.step`, which passes every array anew."""

    def __init__(self, tape: Tape) -> None:
        self.simulator = Simulator(tape, Rules(risk=RISK, lookback=tape.lookback))
        self.targets = [actions.astype(np.float64) for actions in targets_for(1)]

    def steps_per_second(self, seconds: float) -> float:
        simulator, steps = self.simulator, 0
        began = time.process_time()
        while time.process_time() - began < seconds:
            simulator.begin(0, 100, 100 + len(self.targets) + 1)
            for target in self.targets:
                simulator.step(target)
            steps += len(self.targets)
        return steps / (time.process_time() - began)


class OneByGymnasium:
    """One account through `gymnasium.Env.step`, as the peer is."""

    def __init__(self, tape: Tape) -> None:
        self.environment = TradingEnv(
            tape, Rules(risk=RISK, lookback=tape.lookback), episode_bars=EPISODE_BARS
        )
        self.environment.reset(seed=0)
        self.actions = [actions[0] for actions in targets_for(1)]

    def steps_per_second(self, seconds: float) -> float:
        environment, steps = self.environment, 0
        began = time.process_time()
        while time.process_time() - began < seconds:
            for action in self.actions:
                _, _, terminated, truncated, _ = environment.step(action)
                if terminated or truncated:
                    environment.reset()
            steps += len(self.actions)
        return steps / (time.process_time() - began)


def measure(quick: bool) -> Iterator[Result]:
    seconds, rounds = (0.2, 3) if quick else (0.5, 7)
    scene = random_walk(50_000, seed=1)
    with Peer("environment.py") as peer:
        for lookback, target in TARGETS.items():
            tape = tape_of(scene, lookback)

            def theirs(lookback: int = lookback) -> float:
                return float(peer("steps_per_second", lookback=lookback, seconds=seconds))

            def line(
                how: str, ours: Callable[[float], float], at_least: float | None, note: str = ""
            ) -> Result:
                measured = side_by_side(lambda: ours(seconds), theirs, rounds)
                return compared(how, "steps/s", GYM, measured, at_least=at_least, note=note)

            best = _best_batch(tape)
            name = f"environment, lookback {lookback}"
            note = f"{best.accounts} accounts; {_liveliness(best.batch.simulator)}"
            yield line(f"{name}, batched", best.steps_per_second, target, note)
            if lookback == 1:
                yield line(f"{name}, one account by kernel call", OneByKernel(tape).steps_per_second, 8.0)
                yield line(
                    f"{name}, one account by Simulator.step", OneBySimulator(tape).steps_per_second, None
                )
                yield line(f"{name}, one account by Env.step", OneByGymnasium(tape).steps_per_second, 4.0)


def _best_batch(tape: Tape) -> Batched:
    candidates = [Batched(tape, accounts) for accounts in BATCHES]
    for candidate in candidates:
        candidate.steps_per_second(0.1)
    return max(candidates, key=lambda candidate: candidate.steps_per_second(0.1))


def _liveliness(simulator: Simulator) -> str:
    """How much really happened, per step since the last resets."""
    accounts = simulator.accounts
    steps = float((accounts["row"] - accounts["end"] + EPISODE_BARS).sum())
    fills, stops = accounts["fills"].sum() / steps, accounts["stops"].sum() / steps
    left = accounts["equity"].mean() / simulator.capital
    return f"{fills:.2f} fills and {1000 * stops:.1f} permille stops a step, {left:.0%} of equity left"
