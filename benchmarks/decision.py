"""How long one new bar takes: features, observation, forward, risk and sizing, in the live engine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from environment import market_of
from measure import Result
from scenes import random_walk
from tradewind.features import FeatureStream, preset
from tradewind.market import Bar, Market, Observation, Snapshot
from tradewind.policy import Network, NetworkSpec
from tradewind.policy.agent import Agent
from tradewind.policy.network import random_tensors
from tradewind.simulator import Rules, Simulator
from tradewind.simulator.observation import observation_size
from tradewind.simulator.view import ObservationBuilder
from tradewind.trading.engine import Engine

LIMIT_US = 50.0
NET = (64, 64)


class NetworkWeights:
    """A policy that takes the network's outputs as target weights."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def decide(self, observation: Observation) -> Any:
        return self.network(observation.vector)

    def reset(self) -> None:
        """Nothing is remembered."""


def engine_of(market: Market) -> Engine:
    return Engine(agent_of(market), market.instruments, market.timeframe, 10_000.0)


def agent_of(market: Market) -> Agent:
    """The default features, lookback 1, a network of two layers with random weights."""
    plan, rules = preset("default"), Rules()
    inputs = observation_size(len(plan.columns(market.symbols)), 1, rules.lookback, rules.clock)
    return Agent("bench", NetworkWeights(random_network(inputs)), plan, rules)


def random_network(inputs: int) -> Network:
    spec = NetworkSpec(
        layers=(inputs, *NET, 1),
        activations=("tanh",) * len(NET),
        head="gaussian_mean",
        low=(-1.0,),
        high=(1.0,),
    )
    return Network(spec, random_tensors(spec, seed=7))


def snapshots_of(market: Market) -> list[Snapshot]:
    rows = zip(
        market.open[:, 0], market.high[:, 0], market.low[:, 0], market.close[:, 0], market.volume[:, 0]
    )
    times = zip(market.open_time.tolist(), market.close_time.tolist())
    return [
        Snapshot(at, until, (Bar(at, until, *map(float, row)),))
        for (at, until), row in zip(times, rows, strict=True)
    ]


def latencies_us(market: Market) -> np.ndarray:
    """Of every bar after the warm-up, wall time."""
    engine = engine_of(market)
    spent = []
    for snapshot in snapshots_of(market):
        began = time.perf_counter_ns()
        decision = engine.process(snapshot)
        if decision is not None:
            spent.append(time.perf_counter_ns() - began)
    return np.array(spent[200:]) / 1000.0


def parts_us(market: Market) -> np.ndarray:
    """Features, observation and forward of every bar after the warm-up, wall time; no engine around them."""
    agent = agent_of(market)
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
    parts, whole = parts_us(market), latencies_us(market)
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
