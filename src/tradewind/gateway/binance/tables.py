"""Tables of documentation, made from the routes themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tradewind.gateway.binance.params import Params
from tradewind.gateway.binance.routes import Route


def endpoint_table(routes: Iterable[Route]) -> str:
    """Markdown: one line for each endpoint, what it weighs without parameters, and its first sentence."""
    rows = sorted((route.path, route.method, route) for route in routes)
    lines = ["| endpoint | weight | security | what it answers |", "|---|---|---|---|"]
    lines += [f"| {m} {p} | {_weight(r)} | {r.security} | {_first_line(r)} |" for p, m, r in rows]
    return "\n".join(lines)


def refused_table(refused: Mapping[str, str]) -> str:
    """Markdown: calls that are not served, and why."""
    return "\n".join(
        ["| call | why not |", "|---|---|", *(f"| {name} | {why} |" for name, why in refused.items())]
    )


def _weight(route: Route) -> str:
    return str(route.weight) if isinstance(route.weight, int) else f"{route.weight(Params({}))} or other"


def _first_line(route: Route) -> str:
    text = route.endpoint.__doc__ or ""
    return text.strip().partition("\n")[0]
