"""The checks that ask nobody but this machine: the folder, the journal, the disk, what leads connections astray."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from tradewind.market import Instrument, TradewindError, VenueUnavailable
from tradewind.policy.spec import Fees
from tradewind.trading.journal.database import Place
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.journal.safekeeping import require_safe
from tradewind.trading.journal.storage import LEAST_FREE
from tradewind.trading.panic.estate import readable
from tradewind.trading.watching.findings import Finding
from tradewind.words import counted

_TRUST = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "WS_PROXY", "WSS_PROXY")
_HOSTS = ("binance.com", "bitget.com")
SAME_FEE = 1e-9  # relative


def lock(folder: RunFolder) -> Finding:
    """Nobody else trades this run from this machine."""
    process = folder.process
    if process is not None and process != os.getpid():
        text = f"run {folder.name} is at work already, as process {process}"
        return Finding.refused(
            text, f"stop it first (tradewind stop {folder.name}), or give this one another name"
        )
    return Finding.good("no other process trades this run")


def neighbours(folder: RunFolder, place: str, account: str, symbols: Iterable[str]) -> Finding:
    """No other run at work here has one of the symbols in the same account."""
    wanted = set(symbols)
    for path in sorted(folder.path.parent.glob("*/run.json")):
        other = RunFolder(path.parent)
        if other.name == folder.name or other.process is None:
            continue
        about = other.about
        shared = wanted & set(about.get("symbols", ()))
        if shared and (about.get("place"), about.get("account")) == (place, account):
            text = f"run {other.name} trades {', '.join(sorted(shared))} in the same account"
            return Finding.refused(
                text, f"stop it first (tradewind stop {other.name}), or trade other symbols"
            )
    return Finding.good("no other run trades its symbols in this account")


def journal(folder: RunFolder, place: Place) -> Finding:
    """Every page can be read, and every record continues the chain."""
    try:
        if not require_safe(folder, place):
            return Finding.good("the journal begins with this run")
        with readable(place) as path, Journal.open(path) as opened:
            records = sum(1 for _ in opened.records())
    except VenueUnavailable as error:
        return Finding.refused(str(error), "start the server of the database, or leave [database] url out")
    except (TradewindError, sqlite3.Error) as error:
        return _damaged(place, str(error))
    return Finding.good(f"the journal is whole: {counted(records, 'record')}, each continues the one before")


def _damaged(place: Place, why: str) -> Finding:
    remedy = (
        "restore the last backup, then tradewind reconcile; never begin a new one while positions are open"
    )
    return Finding.refused(f"{place} cannot be used: {' '.join(why.split())}", remedy)


def disk(folder: Path) -> Finding:
    """Files can be written there, and there is room for a long while."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    if not os.access(there, os.W_OK | os.X_OK):
        return Finding.refused(f"{there} cannot be written", "name another --home, or change its rights")
    free = shutil.disk_usage(there).free
    text = f"{free / 2**20:,.0f} MB are free where the journal is"
    if free < LEAST_FREE:
        return Finding.refused(f"{text}, expected {LEAST_FREE / 2**20:.0f}", "make room")
    return Finding.good(text)


def surroundings(variables: Mapping[str, str], declared_proxy: str | None = None) -> Finding:
    """Real money goes nowhere that the environment leads it: no certificates of others, no proxy that nobody named."""
    trust = [name for name in _TRUST if variables.get(name)]
    if trust:
        text = f"{' and '.join(trust)} replaces the certificates that are trusted"
        without = " ".join(f"-u {name}" for name in trust)
        return Finding.refused(text, f"start it without: env {without}")
    given = {n.upper(): value for n, value in variables.items() if n.upper() in _PROXIES and value}
    undeclared = [name for name, value in given.items() if value != declared_proxy]
    if undeclared:
        text = f"{' and '.join(undeclared)} leads connections through a proxy that the settings do not name"
        return Finding.refused(text, f"start it without: env -u {undeclared[0]}")
    return Finding.good("nothing in the environment leads connections astray")


def addresses(urls: Iterable[str]) -> Finding:
    """The client speaks to the venue's own hosts, encrypted, and their names lead out of this machine."""
    hosts = set()
    for url in urls:
        found = urlsplit(url)
        host = found.hostname or ""
        if found.scheme not in ("https", "wss") or not any(
            host == h or host.endswith(f".{h}") for h in _HOSTS
        ):
            return Finding.refused(
                f"the client would speak to {found.scheme}://{host}", "remove what overrides it"
            )
        hosts.add(host)
    for host in sorted(hosts):
        for address in _addresses_of(host):
            if not ip_address(address).is_global:
                text = f"{host} leads to {address}, which is no address of the internet"
                return Finding.refused(text, "look at /etc/hosts and the resolver of this machine")
    return Finding.good(f"{len(hosts)} hosts of the venue are reached by their own names")


def _addresses_of(host: str) -> list[str]:
    try:
        return [str(row[4][0]) for row in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)]
    except OSError:
        return []  # the checks that ask the venue tell of it


def model(folder: Path, symbols: Iterable[str], timeframe: str) -> Finding:
    """Whole, unaltered, gives its 64 golden answers, and was trained for what it is to trade."""
    from tradewind.policy import Bundle

    try:
        bundle = Bundle.load(folder)
        bundle.require(symbols=list(symbols), timeframe=timeframe)
    except TradewindError as error:
        return Finding.refused(str(error), "take a fresh copy, or train it anew")
    return Finding.good(f"model {bundle.sha256[:12]} is whole and gives its golden answers")


def costs(trained: Mapping[str, Fees], listed: Iterable[Instrument], *, strict: bool) -> Finding:
    """The account pays no more than the model was trained under; with real money it must not (`strict`)."""
    paid = list(listed)
    unknown = [i.symbol for i in paid if i.symbol not in trained]
    dearer = [
        f"{i.symbol} {name} {then:.4%} trained, {now:.4%} paid"
        for i in paid
        if i.symbol in trained
        for name, then, now in (
            ("taker", trained[i.symbol].taker, i.taker_fee),
            ("maker", trained[i.symbol].maker, i.maker_fee),
        )
        if now > then * (1 + SAME_FEE)
    ]
    if dearer:
        text = f"the account pays higher fees than the model was trained under: {'; '.join(dearer)}"
        remedy = "train it again under the fees of this account, or trade where they are as low"
        return Finding.refused(text, remedy) if strict else Finding.doubtful(text, remedy)
    if unknown:
        text = f"the model does not say under which fees it was trained: {', '.join(unknown)}"
        return Finding.doubtful(text, "compare them by hand, or train it again")
    told = ", ".join(f"{i.symbol} taker {i.taker_fee:.4%}, maker {i.maker_fee:.4%}" for i in paid)
    return Finding.good(f"the account pays no more than the model was trained under: {told}")


def unserved(channels: Iterable[str], metrics_port: int | None) -> Finding:
    """Settings that nothing reads yet are told of, so that nobody waits for a message."""
    said = ["[alerts] channels"] if any(channels) else []
    said += ["[metrics] port"] if metrics_port is not None else []
    if said:
        text = f"{' and '.join(said)} is set, and no channel is served yet: nothing will be sent, nothing answers"
        return Finding.doubtful(text, "look at the terminal and at tradewind status instead")
    return Finding.good("no channel is named")


def evidence(found: Mapping[str, object] | None) -> Finding:
    """`found`: what the bundle carries of its validation; None for a baseline. `run live` asks for more."""
    remedy = "none for play money; real money needs a passed gate, or --override with a reason"
    if found is None:
        return Finding.doubtful("a baseline has no evidence of an edge", remedy)
    if not found:
        return Finding.doubtful("the model carries no evidence of its validation", remedy)
    return Finding.good(f"the model carries evidence: {', '.join(sorted(found))}")
