"""How long one new bar takes: features, observation, forward, risk and sizing, in the live engine."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from environment import market_of
from measure import Result
from scenes import random_walk
from tradewind.features import FeatureStream, preset
from tradewind.market import Bar, Market, Snapshot
from tradewind.policy.agent import Agent, agent_of_bundle
from tradewind.simulator import Rules, Simulator
from tradewind.simulator.view import ObservationBuilder
from tradewind.trading.engine.engine import Engine
from tradewind.training import TrainingSettings
from tradewind.training.recipe import Recipe

LIMIT_US = 50.0
NET = (64, 64)


def trained_agent(market: Market) -> Agent:
    """What a user runs: a bundle of the default features, rules and algorithm, after a few steps of training."""
    recipe = Recipe(preset("default"), Rules(), TrainingSettings(steps=4_096, net=NET))
    [(bundle, _)] = recipe.train(market, [7])
    return agent_of_bundle(bundle, "bench")


def snapshots_of(market: Market) -> list[Snapshot]:
    rows = zip(
        market.open[:, 0], market.high[:, 0], market.low[:, 0], market.close[:, 0], market.volume[:, 0]
    )
    times = zip(market.open_time.tolist(), market.close_time.tolist())
    return [
        Snapshot(at, until, (Bar(at, until, *map(float, row)),))
        for (at, until), row in zip(times, rows, strict=True)
    ]


def latencies_us(agent: Agent, market: Market) -> np.ndarray:
    """Of every bar after the warm-up, wall time."""
    engine = Engine(agent, market.instruments, market.timeframe, 10_000.0)
    spent = []
    for snapshot in snapshots_of(market):
        began = time.perf_counter_ns()
        decision = engine.process(snapshot)
        if decision is not None:
            spent.append(time.perf_counter_ns() - began)
    return np.array(spent[200:]) / 1000.0


def parts_us(agent: Agent, market: Market) -> np.ndarray:
    """Features, observation and forward of every bar after the warm-up, wall time; no engine around them."""
    tape = agent.tape(market)
    simulator = Simulator(tape, agent.rules)
    start = int(tape.segments[0, 0])
    simulator.begin(0, start, len(market) - 1)
    stream = FeatureStream(agent.plan, market.symbols, market.timeframe)
    observer = ObservationBuilder(tape.instruments, simulator.rules_record, len(tape.columns))
    candles = np.stack([market.open, market.high, market.low, market.close, market.volume], axis=2)
    tradable = np.ones(1, np.bool_)
    spent = []
    for row, (at, candle) in enumerate(zip(market.open_time.tolist(), candles, strict=True)):
        began = time.perf_counter_ns()
        agent.scale(stream.push(at, candle, tradable))
        if row < start:
            continue
        observation = observer.build(
            simulator.accounts,
            simulator.positions,
            tape.bars,
            tape.rows,
            tape.features,
            tape.raw_features,
            tape.clock,
            row,
        )
        agent.policy.decide(observation)
        spent.append(time.perf_counter_ns() - began)
    return np.array(spent[200:]) / 1000.0


def measure(quick: bool) -> Iterator[Result]:
    market = market_of(random_walk(2_000 if quick else 10_000, seed=6))
    agent = trained_agent(market_of(random_walk(2_000, seed=5)))
    parts, whole = parts_us(agent, market), latencies_us(agent, market)
    for name, spent, limit, what in (
        ("decision: features, observation, forward, p50", parts, LIMIT_US, "default features"),
        (
            "decision: the engine's whole answer to a bar, p50",
            whole,
            None,
            "with risk, sizing, hash and record",
        ),
    ):
        half, most = (float(value) for value in np.percentile(spent, [50, 99]))
        target, met = ("", None) if limit is None else (f"<= {limit:g} us", half <= limit)
        yield Result(name, half, None, None, "us", "", target, met, f"{what}, net {NET}; p99 {most:.0f} us")
