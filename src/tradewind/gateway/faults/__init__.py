"""Faults on demand: what networks and venues do to bots, by rules that fire when they should."""

from tradewind.gateway.faults.interceptor import Faults
from tradewind.gateway.faults.kinds import Kind
from tradewind.gateway.faults.rules import ACTIONS, Rule, rule_of
from tradewind.gateway.faults.traffic import Sent, Told, Traffic
from tradewind.gateway.faults.wording import REASONS

__all__ = ["ACTIONS", "REASONS", "Faults", "Kind", "Rule", "Sent", "Told", "Traffic", "rule_of"]
