"""A strange bot through the fault scenarios, judged by the venue's own records."""

from tradewind.gateway.crash_test.judge import Fault, Finding, Judgement, judge
from tradewind.gateway.crash_test.run import CrashTest, Run, crash_test

__all__ = ["CrashTest", "Fault", "Finding", "Judgement", "Run", "crash_test", "judge"]
