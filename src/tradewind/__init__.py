"""Train trading agents, prove their edge honestly, trade those that have one."""

__version__ = "0.1.0"
