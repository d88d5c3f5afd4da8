"""What looks after a run from outside: supervision, watchdog, doctor."""
