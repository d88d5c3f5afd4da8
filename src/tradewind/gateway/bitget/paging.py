"""Lists that are asked for page by page, newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Protocol, TypeVar

from tradewind.gateway.bitget.params import Params


class Numbered(Protocol):
    @property
    def id(self) -> int: ...


N = TypeVar("N", bound=Numbered)


def page(
    found: Iterable[N], params: Params, most: int = 100, default: int = 100, cursor: str = "idLessThan"
) -> list[N]:
    """The newest below the parameter `cursor`, at most `limit`. `found` may be in any order."""
    below = params.maybe_integer(cursor)
    limit = params.limit(default, most)
    kept = [item for item in found if below is None or item.id < below]
    kept.sort(key=lambda item: item.id, reverse=True)
    return kept[:limit]


def newest(
    found: Sequence[N], params: Params, wanted: Callable[[N], bool], cursor: str = "idLessThan"
) -> list[N]:
    """As `page` of what is wanted, for items that are in order of their ids."""
    below, limit = params.maybe_integer(cursor), params.limit(100, 100)
    kept = (item for item in reversed(found) if (below is None or item.id < below) and wanted(item))
    return list(islice(kept, limit))


def end_id(items: list[N]) -> str | None:
    """What to send for the next page; None when there was nothing."""
    return str(items[-1].id) if items else None
