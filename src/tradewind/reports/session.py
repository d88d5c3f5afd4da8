"""The report of a run on paper, testnet or live: what it did, and what the simulation says it should have done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tradewind.files import replacing
from tradewind.market import Decision
from tradewind.market.instrument_json import instrument_from_dict
from tradewind.policy.agent import Agent
from tradewind.reports.session_evidence import evidence_of_sessions
from tradewind.reports.session_page import session_page
from tradewind.trading.journal.journal import Journal
from tradewind.trading.session.parity import backtest_parity
from tradewind.trading.session.replaying import replay
from tradewind.trading.told.contrast import Contrast, contrast
from tradewind.trading.told.metrics import Metrics
from tradewind.trading.told.tally import Tally
from tradewind.validation.evidence import SessionEvidence
from tradewind.venues.rehearsal import rehearse

FOLDER = "reports"


@dataclass(frozen=True, slots=True)
class SessionReport:
    """What was written, and what it says. `parity` is that of `backtest_parity`, None where not on paper."""

    html: Path
    json: Path
    metrics: Metrics
    contrast: Contrast
    parity: dict[str, Any] | None
    evidence: tuple[SessionEvidence, ...]  # of each start that decided something, oldest first


def write_session_report(
    folder: Path, journal: Journal, agent: Agent, now_ms: int, about: Mapping[str, Any]
) -> SessionReport:
    """Write `<folder>/reports/<time>.html` and `.json` of all that the journal holds.

    `about` is what the run's folder says of it. The policy of `agent` starts anew: give one that no engine uses.
    """
    journal.flush()
    session, records = journal.session, [record for _, record in journal.records()]
    tally = Tally(session)
    for record in records:
        tally.apply(record)
    metrics = tally.metrics()
    rehearsal = rehearse(journal, agent)
    instruments = [instrument_from_dict(i) for i in session["instruments"]]
    compared = contrast(records, rehearsal.decisions, rehearsal.fills, instruments, rehearsal.flows)
    parity = backtest_parity(journal, agent) if session["mode"] == "paper" else None
    repeated = replay(journal, agent)
    made = sum(isinstance(record, Decision) for record in records)
    share = None if not made else 1.0 if repeated.identical else (repeated.decisions - 1) / made
    evidence = evidence_of_sessions(session, about, records, rehearsal, repeated)
    name = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%d_%H%M%S")
    page, plain = folder / FOLDER / f"{name}.html", folder / FOLDER / f"{name}.json"
    content = {
        "run": folder.name,
        "at": now_ms,
        "records": len(journal),
        "about": dict(about),
        "metrics": metrics.as_dict(),
        "simulation": compared.as_dict(),
        "backtest": parity,
        "replayed_share": share,
        "evidence": [json.loads(one.to_json()) for one in evidence],
    }
    html = session_page(folder.name, session, tally, metrics, rehearsal.decisions, compared, parity, about)
    with replacing(page, plain) as (page_at, plain_at):
        page_at.write_text(html, encoding="utf-8")
        plain_at.write_text(json.dumps(content, indent=1, default=str) + "\n", encoding="utf-8")
    return SessionReport(page, plain, metrics, compared, parity, evidence)


def sessions_shown(journal: Journal, agent: Agent, about: Mapping[str, Any]) -> tuple[SessionEvidence, ...]:
    """The evidence alone, as in the report."""
    records = [record for _, record in journal.records()]
    rehearsal, repeated = rehearse(journal, agent), replay(journal, agent)
    return evidence_of_sessions(journal.session, about, records, rehearsal, repeated)
