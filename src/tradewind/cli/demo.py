"""`tradewind demo`: the whole way of a candle on a market whose best possible result is known."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import time
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from tradewind.cli.common import Interrupted
from tradewind.cli.tables import say, stdout
from tradewind.files import write_whole
from tradewind.market import VenueUnavailable

if TYPE_CHECKING:
    from tradewind.backtest.result import BacktestResult
    from tradewind.cli.trial import Trial
    from tradewind.data.worlds import WorldMarket
    from tradewind.market import Command, Decision, Market, Snapshot
    from tradewind.policy import Bundle
    from tradewind.policy.agent import Agent
    from tradewind.training.recipe import Recipe

VENUE = "binance"
SEED = 7
BARS = 16_000  # hours: 22 months
TRAIN_SHARE, BACKTEST_SHARE = 0.60, 0.25  # the rest is traded by the live engine
STEPS = 1_000_000
CAPITAL = 10_000.0
SESSION_SPEED = 5_400.0  # a bar of an hour in two thirds of a second
SESSION_BARS, FAULT_AFTER = 50, 10  # decisions
DEPOSIT = 20_000  # USDT in the account of the session, more than it may use
FEE, HALF_SPREAD, SLIPPAGE = 0.0002, 0.0001, 0.0002


@dataclass(frozen=True, slots=True)
class Parts:
    """Row numbers: [0, train) trains, [train, backtest) is tested, the rest is traded."""

    train: int
    backtest: int


def demo_command(
    folder: Annotated[Path, typer.Option(help="Where report, picture and summary go.")] = Path("demo"),
    steps: Annotated[int, typer.Option(help="Training steps.")] = STEPS,
    seed: Annotated[int, typer.Option(help="Of the market and of the training.")] = SEED,
) -> None:
    """Candles -> trained agent -> backtest against baselines -> paper -> a session at an exchange. A few minutes."""
    console = stdout()
    began = time.monotonic()
    proven = Demo(folder, steps, seed, console).run()
    say(console, f"All of it took {time.monotonic() - began:.0f} s.", "dim")
    if not proven:
        raise typer.Exit(1)


class Demo:
    """The steps of the main job, in order, on an embedded default."""

    def __init__(self, folder: Path, steps: int, seed: int, console: Console) -> None:
        self.folder, self.steps, self.seed, self.console = folder, steps, seed, console
        self.home = folder / "workspace"
        self.parts = Parts(int(BARS * TRAIN_SHARE), int(BARS * (TRAIN_SHARE + BACKTEST_SHARE)))

    def run(self) -> bool:
        """Do all of it; False where something that it is to prove did not hold."""
        shutil.rmtree(self.home, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        world = self._fetch_candles()
        market = self._stored_market()
        bundle = self._train(market)
        facts = self._backtest(market, bundle, world)
        facts |= self._trade_on_paper(market, bundle, world)
        facts |= self._trade_at_exchange(world.market)
        return self._finish(facts)

    def _fetch_candles(self) -> WorldMarket:
        from tradewind.data.worlds import generate
        from tradewind.gateway.markets import on_grid

        made = generate("demo", BARS, self.seed, cost=FEE)
        world = replace(made, market=on_grid(made.market))
        self._say(
            1,
            f"a local exchange plays a synthetic market that overshoots and comes back: downloading {BARS:,} hourly "
            "candles from it, as from Binance",
        )
        asyncio.run(self._download(world.market))
        return world

    async def _download(self, market: Market) -> None:
        """By the code of `tradewind data download`, through ccxt and a socket."""
        from tradewind.cli.data import fetch
        from tradewind.data.downloading import Plan
        from tradewind.data.store import CandleStore
        from tradewind.gateway.compose import Settings, open_exchange
        from tradewind.gateway.markets import listed
        from tradewind.market import Kind

        start, end = int(market.open_time[0]), int(market.close_time[-1])
        store = CandleStore(self.home / "candles")
        plan = Plan(VENUE, market.symbols, market.timeframe, start, end, funding=False, mark=False)
        settings = Settings(listed(market, tuple(Kind)), end, speed=0, tls=False)
        async with await open_exchange(settings) as exchange:
            for done in await fetch(plan, store, exchange.url):
                if done.error:
                    raise VenueUnavailable(f"the demo's own exchange did not answer: {done.error}")
        for symbol in market.symbols:  # what an account pays is no public datum
            known = store.instrument(VENUE, symbol)
            stated = tuple(name for name in known.assumed if not name.endswith("_fee"))
            paid = replace(known.instrument, taker_fee=FEE, maker_fee=FEE)
            store.write_instrument(replace(known, instrument=paid, assumed=stated))

    def _stored_market(self) -> Market:
        from tradewind.cli.common import market_in

        return market_in(self.home, None, None, None)

    def _recipe(self) -> Recipe:
        from tradewind.features import preset
        from tradewind.simulator import Costs, Rules
        from tradewind.training import TrainingSettings
        from tradewind.training.recipe import Recipe

        rules = Rules(costs=Costs(half_spread=HALF_SPREAD, slippage=SLIPPAGE))
        return Recipe(preset("default"), rules, TrainingSettings(steps=self.steps, seed=self.seed))

    def _train(self, market: Market) -> Bundle:
        from tradewind.cli.train import learn

        self._say(2, f"training PPO on the first {self.parts.train:,} hours")
        recipe = self._recipe()
        [(bundle, _)] = learn(
            recipe, market.rows(0, self.parts.train), [self.seed], self.home / "training", 1, self.console
        )
        bundle.save(self.home / "bundles" / "demo")
        return bundle

    def _backtest(self, market: Market, bundle: Bundle, world: WorldMarket) -> dict[str, Any]:
        from tradewind.backtest.compare import compare
        from tradewind.cli.backtest import print_comparison, provenance, stage_bars
        from tradewind.reports import write_report

        trial = self._trial(bundle, market.rows(0, self.parts.backtest), self.parts.train)
        agent = trial.named.agent
        self._say(3, "backtesting it on the next hours, which it has not seen, against the baselines")
        with stage_bars(self.console) as on_stage:
            comparison = compare(
                agent,
                trial.market,
                start_ms=trial.trade_from,
                capital=trial.capital,
                spec=bundle.spec,
                others=[self._oracle(world, agent)],
                on_stage=on_stage,
            )
        written = write_report(
            self.folder / "report.html",
            comparison.results,
            title="Tradewind demo: an agent on a market with a known edge",
            provenance=provenance(trial),
            path_png=self.folder / "equity.png",
            path_json=self.folder / "report.json",
        )
        print_comparison(written.figures, self.console)
        subject, best = comparison.results[0], comparison.results[1]
        hold = next(r for r in comparison.baselines if r.name == "buy and hold")
        return {
            "verdict": written.verdict.sentence,
            "backtest": {
                "agent": _growth(subject),
                "best_possible": _growth(best),
                "buy_and_hold": _growth(hold),
                "share_of_best": _growth(subject)["log_growth"] / _growth(best)["log_growth"],
            },
        }

    def _trial(self, bundle: Bundle, market: Market, row: int) -> Trial:
        """The agent on a market, from the bar that opens at `row` to its end."""
        from tradewind.cli.common import Span
        from tradewind.cli.trial import Named, Trial
        from tradewind.policy.agent import agent_of_bundle

        named = Named(agent_of_bundle(bundle, "demo"), bundle, {"bundle": "demo"})
        return Trial(named, market, Span(int(market.open_time[row]), int(market.close_time[-1])), CAPITAL)

    def _oracle(self, world: WorldMarket, agent: Agent) -> Agent:
        """The best possible agent: it knows the law of this market, not its future."""
        from tradewind.policy.scripted import Scripted

        targets = world.oracle_targets(FEE + HALF_SPREAD + SLIPPAGE)
        script = Scripted(world.market.close_time, targets)
        return script.agent("best possible", replace(agent.rules, lookback=1, clock=False))

    def _trade_on_paper(self, market: Market, bundle: Bundle, world: WorldMarket) -> dict[str, Any]:
        from tradewind.backtest.run import backtest
        from tradewind.cli.run import compare_with_backtest, paper_session, session_bar
        from tradewind.data.replaying import Replay

        self._say(4, "the live engine trades the last hours on paper, bar by bar, with a journal on disk")
        trial = self._trial(bundle, market, self.parts.backtest)
        journal = self.home / "journals" / "demo-1.sqlite"
        with session_bar(self.console, len(Replay(market))) as watch:
            session = paper_session(trial, journal, watch)
        agent, oracle = trial.named.agent, self._oracle(world, trial.named.agent)
        expected, ideal = (
            backtest(one, one.tape(market), start_ms=trial.trade_from, capital=trial.capital)
            for one in (agent, oracle)
        )
        best = ideal.result
        return {
            "paper": {
                "decisions": session.decisions,
                "orders": session.orders,
                "net_return": session.end_equity / session.start_equity - 1,
                "best_possible_return": best.equity[-1] / best.equity[0] - 1,
                "same_as_backtest": compare_with_backtest(journal, expected),
                "journal": str(journal),
            }
        }

    def _trade_at_exchange(self, market: Market) -> dict[str, Any]:
        """By the code of `tradewind run testnet`, on bars as they close."""
        from tradewind.cli.live.asked import AskedRun
        from tradewind.cli.live.drill import Drill
        from tradewind.cli.live.running import Panicked
        from tradewind.cli.run import session_bar

        self._say(
            5,
            f"the same model trades at a local exchange, as `run testnet` does, an hour in {3600 / SESSION_SPEED:.2g} "
            "s; on the way a reply is lost and its stream is cut",
        )
        asked = AskedRun(
            "testnet", "demo", self.home, "demo", allocation=CAPITAL, overrides=("run.on_stop=flatten",)
        )
        drill = Drill(
            asked, market, self.parts.backtest, SESSION_BARS, SESSION_SPEED, FAULT_AFTER, Decimal(DEPOSIT)
        )
        with session_bar(self.console, SESSION_BARS) as watch:

            def watched(item: Snapshot | Command, decision: Decision | None) -> None:
                if decision is not None:  # bars that only warm up come at once
                    watch(item, decision)

            try:
                return {"session": asyncio.run(drill.run(watched))}
            except Panicked:
                raise Interrupted("Interrupted: the session at the local exchange ended with it") from None

    def _finish(self, facts: dict[str, Any]) -> bool:
        from tradewind.cli.live.drilled import sentences, survived

        facts |= {"seed": self.seed, "steps": self.steps, "bars": BARS}
        text = json.dumps(facts, indent=1) + "\n"
        write_whole(self.folder / "summary.json", lambda path: path.write_text(text, encoding="utf-8"))
        test, paper = facts["backtest"], facts["paper"]
        same = paper["same_as_backtest"]["difference"] is None
        said = "the backtest decides the same, bit for bit" if same else "NOT the decisions of the backtest"
        say(self.console, "─" * min(self.console.width, 80))
        for line in (
            f"What happened: an agent learned from {self.parts.train:,} hours of candles, was tested on the next "
            f"{self.parts.backtest - self.parts.train:,}, and traded the last {BARS - self.parts.backtest:,} "
            "on paper.",
            f"On bars that it had not seen it made {test['agent']['net_return']:+.1%} after costs; buy and hold "
            f"{test['buy_and_hold']['net_return']:+.1%}; the best possible agent, which knows the law of this "
            f"market, {test['best_possible']['net_return']:+.1%}. It reached {test['share_of_best']:.0%} of the "
            "best possible growth.",
            f"Verdict of the report: {facts['verdict']}",
            f"On paper: {paper['net_return']:+.1%} in {paper['decisions']:,} decisions "
            f"(best possible {paper['best_possible_return']:+.1%}); {said}.",
            *sentences(facts["session"]),
            "This market was made to have an edge. Real ones rarely do: expect to be told so.",
            f"Look at: {self.folder / 'report.html'}, {self.folder / 'equity.png'}, "
            f"{self.folder / 'summary.json'}",
            "Try next: .venv/bin/tradewind data download --help   (real candles, no key needed)",
            f"          .venv/bin/tradewind replay {paper['journal']} --home {self.home}   "
            "(recompute every decision)",
        ):
            say(self.console, line)
        return same and survived(facts["session"])

    def _say(self, number: int, text: str) -> None:
        self.console.print(
            Text.assemble((f"{number}/5", "bold cyan"), f" {text}"), soft_wrap=not self.console.is_terminal
        )


def _growth(result: BacktestResult) -> dict[str, float]:
    ratio = float(result.equity[-1] / result.equity[0])
    return {"net_return": ratio - 1, "log_growth": math.log(ratio), "fills": len(result.fills)}
