"""A peer's process: one JSON request a line on stdin, one JSON answer a line on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any


def serve(**calls: Callable[..., Any]) -> None:
    """Answer requests {"call": name, "arguments": {...}} until stdin ends. Prints of the peer go to stderr."""
    out, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        answer = calls[request["call"]](**request["arguments"])
        print(json.dumps(answer), file=out, flush=True)
