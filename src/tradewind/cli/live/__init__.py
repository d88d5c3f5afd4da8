"""A live run put together: what was asked for, the plan, what it trades with, the run itself."""
