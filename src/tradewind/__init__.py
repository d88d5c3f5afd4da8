"""Train trading agents, prove their edge honestly, trade those that have one."""
