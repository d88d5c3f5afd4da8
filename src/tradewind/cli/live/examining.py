"""What `tradewind doctor` does: everything is looked at before a run may trade; `run` begins with the same."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from tradewind.cli.common import print_json
from tradewind.cli.live.asked import AskedRun, plan_of
from tradewind.cli.live.books import known_place, place_of_journal
from tradewind.cli.live.commands import credentials_of
from tradewind.cli.tables import Column, print_table, say, stderr, stdout
from tradewind.market import Clock, ConfigError, Instrument, Kind, VenueUnavailable
from tradewind.trading.journal.database import Place, is_taken
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.watching import doctor, doctor_here
from tradewind.trading.watching.doctor import Check
from tradewind.trading.watching.findings import Finding, Grade, Verdict, verdict_of

if TYPE_CHECKING:
    from tradewind.cli.live.plan import Plan
    from tradewind.trading.terms.account_venue import AccountVenue

MODES = ("paper", "testnet", "live")
_STYLES = {Grade.PASS: "", Grade.WARN: "yellow", Grade.FAIL: "red"}


def examine(asked: AskedRun, *, as_json: bool) -> None:
    """The whole of `tradewind doctor`; ends with its exit code."""
    findings = asyncio.run(examined(asked))
    verdict = verdict_of(findings.values())
    if as_json:
        checks = {check: asdict(finding) for check, finding in findings.items()}
        print_json({"verdict": verdict.name.lower(), "code": int(verdict), "checks": checks})
    else:
        tell_findings(stdout(), findings)
    raise typer.Exit(int(verdict))


def tell_findings(console: Console, findings: Mapping[str, Finding]) -> None:
    """A table with the remedy of what is not well."""
    rows = [[name, f.grade.value, f.text, f.remedy] for name, f in findings.items()]
    columns = (Column("check"), Column("found"), Column("what", wraps=30), Column("remedy", wraps=20))
    print_table(console, columns, rows, [_STYLES[f.grade] for f in findings.values()])
    verdict = verdict_of(findings.values())
    told = {Verdict.READY: "Ready.", Verdict.WARNINGS: "Ready, with warnings."}
    say(console, told.get(verdict, f"Not ready: {verdict.name.lower().replace('_', ' ')}."))


async def diagnose(
    plan: Plan,
    client: Any,
    account: AccountVenue | None,
    clock: Clock,
    market_clock: Clock,
    bulk: Any = None,
) -> dict[str, Finding]:
    """All checks of a plan with an open client and account (None on paper). The caller stops unless all pass.

    Candles are read by `bulk`, where there is one.
    """
    from tradewind.data.patience import VenueReader

    reader = VenueReader(client if bulk is None else bulk, clock)
    checks = _at_home(plan, client) | {"candles": _candles(plan, reader, market_clock)}
    if account is not None:
        checks |= _at_venue(plan, account, clock)
    return await doctor.examine(checks, clock)


async def require_ready(
    plan: Plan,
    client: Any,
    account: AccountVenue,
    clock: Clock,
    market_clock: Clock,
    warn: Callable[[str], None],
    bulk: Any = None,
) -> None:
    """What a run begins with: warnings are told; after a refusal the table is shown and the command ends."""
    findings = await diagnose(plan, client, account, clock, market_clock, bulk)
    for name, finding in findings.items():
        if finding.grade is Grade.WARN:
            warn(f"{name}: {finding.text}")
    if not doctor.is_ready(findings):
        tell_findings(stderr(), findings)
        raise typer.Exit(int(verdict_of(findings.values())))


def _at_home(plan: Plan, client: Any | None) -> dict[str, Check]:
    """What needs no answer of a venue."""
    strict, folder = plan.mode == "live", plan.folder
    checks: dict[str, Check] = {
        "lock": _told(partial(doctor_here.lock, folder)),
        "journal": _told(
            partial(doctor_here.journal, folder, place_of_journal(folder, plan.settings.database.url))
        ),
        "disk": _told(partial(doctor_here.disk, folder.path)),
        "model": _told(partial(_model, plan)),
        "alerts": _told(
            partial(doctor_here.unserved, plan.settings.alerts.channels, plan.settings.metrics.port)
        ),
    }
    if plan.mode != "paper":
        near = partial(doctor_here.neighbours, folder, plan.place, plan.account, plan.symbols)
        checks["neighbours"] = _told(near)
        found = None if plan.named.bundle is None else dict(plan.named.bundle.spec.evidence)
        checks["evidence"] = _told(partial(doctor_here.evidence, found))
    if strict:
        checks["surroundings"] = _told(partial(doctor_here.surroundings, os.environ))
        if client is not None and plan.at is None:
            checks["addresses"] = _told(partial(doctor_here.addresses, list(_urls(client.urls["api"]))))
    return checks


def _at_venue(plan: Plan, account: AccountVenue, clock: Clock) -> dict[str, Check]:
    """A run that goes on compares money and positions itself, with its journal, before it trades."""
    symbols, allocation = plan.symbols, Decimal(str(plan.allocation))
    began = is_taken(place_of_journal(plan.folder, plan.settings.database.url))
    ours = _own_orders(plan)
    checks: dict[str, Check] = {
        "clock": partial(doctor.clock_drift, account, clock),
        "key": partial(doctor.permissions, account, strict=plan.mode == "live"),
        "account": partial(doctor.account, account, _quote(symbols[0]), Decimal(0) if began else allocation),
        "symbols": partial(doctor.symbols, account, symbols, allocation),
        "orders": partial(doctor.foreign_orders, account, symbols, ours, partial(_run_of, plan)),
        "stops": _told(partial(_stops, plan, account)),
    }
    if plan.named.bundle is not None:
        checks["costs"] = partial(_costs, plan, account)
    if plan.kind is Kind.PERPETUAL:
        checks["margin"] = partial(doctor.margin, account, _wanted(plan))
        checks["head-room"] = partial(doctor.head_room, account)
        if not began:
            checks["positions"] = partial(_positions, plan, account)
    return checks


async def _costs(plan: Plan, account: AccountVenue) -> Finding:
    listed = await account.instruments(plan.symbols)
    return costs_of(plan, [listed[symbol] for symbol in plan.symbols if symbol in listed])


def costs_of(plan: Plan, listed: Iterable[Instrument]) -> Finding:
    """What the model was trained under beside what is paid now; a baseline was not trained."""
    if plan.named.bundle is None:
        return Finding.good(f"{plan.named.agent.name} is a baseline: nothing was trained")
    return doctor_here.costs(plan.named.bundle.spec.fees, listed, strict=plan.mode == "live")


def _stops(plan: Plan, account: AccountVenue) -> Finding:
    risk = plan.named.agent.rules.risk
    wanted = risk.stop_loss is not None or risk.trailing_stop is not None
    return doctor.stops(account, wanted=wanted, resting=plan.settings.stops.resting)


async def _positions(plan: Plan, account: AccountVenue) -> Finding:
    return await doctor.foreign_positions(account, await account.instruments(plan.symbols), {})


def _wanted(plan: Plan) -> dict[str, Any]:
    from tradewind.trading.terms.account_venue import MarginSettings, PositionMode

    settings = plan.settings.margin
    leverage = float(settings.leverage_for(plan.named.agent.rules.leverage))
    return dict.fromkeys(plan.symbols, MarginSettings(leverage, settings.mode, PositionMode.ONE_WAY))


def _own_orders(plan: Plan) -> set[str]:
    """Client ids that stand in the run's journal; a damaged one is told of by its own check."""
    place = place_of_journal(plan.folder, plan.settings.database.url)
    return _orders_of(place) if is_taken(place) else set()


def _orders_of(place: Place) -> set[str]:
    """Client ids of the orders that work, as a journal says."""
    from tradewind.trading.panic.estate import estate_of

    return {state.intent.client_id for state in estate_of(place, ()).live}


def _run_of(plan: Plan, client_id: str) -> str | None:
    """The other run of this home in whose journal the order works."""
    for path in sorted(plan.folder.path.parent.glob("*/run.json")):
        folder = RunFolder(path.parent)
        if folder.name != plan.folder.name and client_id in _orders_of(known_place(folder)):
            return folder.name
    return None


def _model(plan: Plan) -> Finding:
    from tradewind.cli.model import bundle_folder

    name = plan.named.described.get("bundle")
    if name is None:
        return Finding.good(f"{plan.named.agent.name} is a baseline: nothing was trained")
    folder = bundle_folder(plan.folder.path.parent.parent, str(name))
    return doctor_here.model(folder, plan.symbols, plan.timeframe.text)


def _candles(plan: Plan, reader: Any, clock: Clock) -> Check:
    async def read(symbol: str, since: int) -> tuple[int, int]:
        first = await reader.call("fetch_ohlcv", symbol, plan.timeframe.text, since, 2)
        last = await reader.call("fetch_ohlcv", symbol, plan.timeframe.text, None, 2)
        return (int(first[0][0]), int(last[-1][0])) if first and last else (clock.now_ms(), 0)

    return partial(doctor.candles, read, plan.symbols, plan.timeframe.ms, plan.warm_up, clock)


async def examined(asked: AskedRun) -> dict[str, Finding]:
    """Open what a run would open; what cannot be opened is a finding too."""
    from tradewind.clients import Environment, connect
    from tradewind.clients.local_clock import LocalClock
    from tradewind.market import WallClock
    from tradewind.venues.remote import open_account

    settings, clock = asked.settings(), WallClock()
    try:
        credentials = credentials_of(asked)
    except ConfigError as error:
        plan = plan_of(asked, settings, "", "")
        remedy = "put the keys where it says"
        missing = {"keys": Finding.refused(str(error), remedy, Verdict.BAD_CONFIGURATION)}
        return missing | await doctor.examine(_at_home(plan, None), clock)
    place = Environment.LIVE if credentials is None else credentials.environment
    account_name = "" if credentials is None else credentials.fingerprint
    plan = plan_of(asked, settings, "" if credentials is None else place.value, account_name)
    market = None if asked.at is None else LocalClock(asked.at)
    async with AsyncExitStack() as stack:
        client = connect(
            plan.venue,
            place if market is None else Environment.LOCAL,
            keys=None if credentials is None else credentials.keys,
            at=asked.at,
            kinds=[plan.kind],
            unified=settings.run.unified,
            streams=False,
            market_time=market,
        )
        stack.push_async_callback(client.close)
        try:
            if market is not None:
                await market.ask()
            account = None if credentials is None else await open_account(client, plan.kind, clock=clock)
            if account is not None:
                await account.instruments(plan.symbols)
        except VenueUnavailable as error:
            unheard = await doctor.examine({"venue": partial(_raised, error)}, clock)
            return unheard | await doctor.examine(_at_home(plan, client), clock)
        return await diagnose(plan, client, account, clock, market or clock)


async def _raised(error: VenueUnavailable) -> Finding:
    raise error


def _told(look: Any) -> Check:
    async def check() -> Finding:
        found: Finding = await asyncio.to_thread(look)
        return found

    return check


def _urls(api: Any) -> Iterator[str]:
    if isinstance(api, Mapping):
        for value in api.values():
            yield from _urls(value)
    elif isinstance(api, str) and "{" not in api:
        yield api


def _quote(symbol: str) -> str:
    return symbol.partition("/")[2].partition(":")[0]
