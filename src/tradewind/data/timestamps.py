"""UTC milliseconds as people write and read them; never through the machine's own time zone."""

from __future__ import annotations

from datetime import UTC, datetime

from tradewind.market import ConfigError


def utc_text(ms: int) -> str:
    """UTC milliseconds as a person reads them: 2025-04-03 17:05."""
    ms = int(ms)
    try:
        when = datetime.fromtimestamp(ms // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{ms} ms"
    return when.strftime("%Y-%m-%d %H:%M:%S" if ms % 60_000 else "%Y-%m-%d %H:%M")


def parse_utc(text: str) -> int:
    """2025-04-03, '2025-04-03 17:05', with or without an offset, as UTC ms; without one it is UTC."""
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(f"{text!r} is not a time: write 2025-04-03 or '2025-04-03 17:05' (UTC)") from None
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)
