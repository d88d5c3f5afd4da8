"""The control panel of the local exchange: what a person or a test does to the venue, and the truth it tells."""

from tradewind.gateway.control.api import COMMANDS, PREFIX, ControlApi
from tradewind.gateway.control.client import ControlClient, ControlRefused

__all__ = ["COMMANDS", "PREFIX", "ControlApi", "ControlClient", "ControlRefused"]
