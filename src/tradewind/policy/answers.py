"""What follows when a policy answers with no number: nothing that it wants is done, and soon nothing any more."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tradewind.market import Observation, Reason
from tradewind.policy.agent import Agent
from tradewind.policy.protocol import Weights

MOST_IN_A_ROW = 3  # refused answers, at the last of which the kill switch latches
NO_NUMBER = int(Reason.NO_NUMBER)


class Answers:
    """Asks an agent, bar by bar. An infinite weight is no answer: every position is held, for that reason.

    The same in a backtest, on paper and at a venue. The kill switch closes what is held until a person re-arms it.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.in_a_row = 0  # refused until now
        self.refused = False  # the newest one

    def ask(self, observation: Observation) -> Weights:
        """Target weights [A], finite or NaN."""
        wanted = self._agent.decide(observation)
        self._note(any(map(math.isinf, wanted.tolist())))
        return np.full(len(wanted), np.nan) if self.refused else wanted

    def recall(self, reasons: Iterable[Reason]) -> None:
        """Instead of asking: what was recorded of the answer."""
        self._note(any(Reason.NO_NUMBER in reason for reason in reasons))

    def missed(self) -> None:
        """Nothing was asked: features were missing."""
        self.refused = False

    def heed(self, account: Any) -> None:
        """Latch the kill switch of the account if that was once too often, before risk looks."""
        if self.refused and self.in_a_row >= MOST_IN_A_ROW:
            account["halted"] = 1

    def mark(self, positions: Any) -> None:
        """Add the reason to those that risk gave [A]."""
        if self.refused:
            positions["reason"] |= NO_NUMBER

    def _note(self, refused: bool) -> None:
        self.refused = refused
        self.in_a_row = self.in_a_row + 1 if refused else 0
