"""The trading rules, compiled once, for N accounts x A instruments."""

from tradewind.simulator.batch import Simulator
from tradewind.simulator.reward import Reward
from tradewind.simulator.rules import Costs, Rules
from tradewind.simulator.tape import Tape, build_tape

__all__ = ["Costs", "Reward", "Rules", "Simulator", "Tape", "build_tape"]
