"""What a run of real money needs beside its settings: a reason where no gate passed it, a word, and a stage."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import typer

from tradewind.cli.live.plan import Plan
from tradewind.config import Settings, settings_hash
from tradewind.data.naming import parts
from tradewind.files import write_whole
from tradewind.market import ConfigError, Decision
from tradewind.trading.journal.arming import (
    Armed,
    GrantRecord,
    Override,
    account_hash,
    arm,
    confirmation,
    keep_arm,
    keep_override,
    kept_override,
)
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.validation.evidence import SessionEvidence
from tradewind.validation.stages import Stage, StageBegan, first_stage, stage_of

Ask = Callable[[str], str]


def effective(plan: Plan) -> Settings:
    """The settings in force: the file's, with what the command line and the model say."""
    run = replace(
        plan.settings.run,
        name=plan.folder.name,
        agent=plan.named.agent.name,
        venue=plan.venue,
        symbols=plan.symbols,
        timeframe=plan.timeframe.text,
        allocation=plan.allocation,
    )
    return replace(plan.settings, run=run, rules=plan.named.agent.rules)


def armed_by(plan: Plan) -> Armed:
    """What the word for this plan is bound to."""
    return Armed(
        account_hash(plan.account, plan.venue, plan.place),
        plan.named.agent.model_hash,
        settings_hash(effective(plan)),
    )


def grant(plan: Plan, journal: Journal, ask: Ask | None, why: str | None, now_ms: int) -> Stage:
    """The stage in which the run may trade. What is new of reason, word and stage is journaled, then kept.

    `why` is the reason to go live without a passed gate; `ConfigError` where it or the word is missing.
    """
    armed, folder = armed_by(plan), plan.folder
    override = _override(folder, armed.bundle, why, now_ms)
    quote = parts(plan.symbols[0])[1]
    word = arm(folder, armed, confirmation(plan.venue, plan.place, plan.allocation, quote), ask, now_ms)
    _catch_up(plan, journal)
    history = [record for _, record in journal.records() if isinstance(record, StageBegan)]
    stage = _stage(history, folder, armed.bundle, now_ms)
    new: list[GrantRecord] = [record for record in (override, word, stage) if record is not None]
    journal.append(new)
    if override is not None:
        keep_override(folder, override)
    if word is not None:
        keep_arm(folder, word)
    return stage_of([*history, *([stage] if stage is not None else [])], armed.bundle)


def asking(confirm: str | None) -> Ask | None:
    """Who types the word: `--confirm`, else a person at the terminal, else nobody."""
    if confirm is not None:
        return lambda question: confirm
    if sys.stdin.isatty():
        return lambda question: str(typer.prompt(question.rstrip(": "), err=True))
    return None


def keep_evidence(folder: RunFolder, evidence: SessionEvidence) -> None:
    """Keep what a session showed, for the gates and the ramp; what was kept of it already stays."""
    path = folder.path / "evidence" / f"{evidence.started_at}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        write_whole(path, lambda part: part.write_text(evidence.to_json(), encoding="utf-8"))


def kept_evidence(folder: RunFolder) -> list[SessionEvidence]:
    """What the sessions of a run showed, oldest first; `DataError` where a file is none."""
    paths = sorted((folder.path / "evidence").glob("*.json"), key=lambda path: int(path.stem))
    return [SessionEvidence.from_json(path.read_text(encoding="utf-8")) for path in paths]


def _catch_up(plan: Plan, journal: Journal) -> None:
    """A session that was killed has kept nothing: its journal says it."""
    told = max((one.ended_at for one in kept_evidence(plan.folder)), default=0)
    if any(isinstance(record, Decision) and record.at > told for _, record in journal.records()):
        from tradewind.cli.run import agent_for
        from tradewind.reports.session import sessions_shown

        agent = agent_for(journal, plan.folder.path.parent.parent)
        for one in sessions_shown(journal, agent, plan.about):
            keep_evidence(plan.folder, one)


def _override(folder: RunFolder, bundle: str, why: str | None, now_ms: int) -> Override | None:
    """A new reason; None where the one of before still holds."""
    before = kept_override(folder, bundle)
    if before is not None and why in (None, before.reason):
        return None
    if why is None:
        raise ConfigError(
            "no gate has passed this model for real money: say why it may trade nevertheless, with --override REASON"
        )
    return Override(now_ms, bundle, why)


def _stage(history: list[StageBegan], folder: RunFolder, bundle: str, now_ms: int) -> StageBegan | None:
    """What the ramp says at this start."""
    from tradewind.validation.ramp import next_stage

    first = first_stage(history, bundle, now_ms)
    return first or next_stage(history, kept_evidence(folder), bundle, now_ms).next
