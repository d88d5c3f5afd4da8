"""How this process speaks: structlog, the standard library's logging and what nobody caught, all without secrets.

Results go to stdout, these to stderr. There is one `redactor`; whoever loads keys tells it.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType

import structlog

from tradewind.trading.journal.redaction import Redactor

redactor = Redactor()


def configure_logs() -> None:
    """Once, before anything else is done. May be called again."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.StackInfoRenderer(),
            structlog.dev.set_exc_info,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redactor,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        logger_factory=_to_stderr,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, _Handler)]:
        root.removeHandler(handler)
    root.addHandler(_Handler())
    sys.excepthook = _tell_uncaught
    threading.excepthook = _tell_of_thread


def _to_stderr(*names: object) -> structlog.PrintLogger:
    """The stream is looked up anew, as it may be replaced."""
    return structlog.PrintLogger(sys.stderr)


class _Handler(logging.Handler):
    """What libraries and asyncio say, from warnings on."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        print(redactor.text(self.format(record)), file=sys.stderr)


def _tell_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    print(redactor.text("".join(traceback.format_exception(kind, error, trace))), file=sys.stderr, end="")


def _tell_of_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None:
        _tell_uncaught(told.exc_type, told.exc_value, told.exc_traceback)
