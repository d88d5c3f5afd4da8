"""Tables, cards and facts as HTML. Text that comes from outside is escaped here, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell: `text` is escaped, `after` a softer remark behind it, `css` its classes."""

    text: str
    css: str = ""
    after: str = ""
    style: str = ""

    def html(self, tag: str = "td") -> str:
        css = f' class="{self.css}"' if self.css else ""
        style = f' style="{self.style}"' if self.style else ""
        after = f' <span class="range">{escape(self.after)}</span>' if self.after else ""
        return f"<{tag}{css}{style}>{escape(self.text)}{after}</{tag}>"


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML that this package made itself."""

    text: str
    css: str = ""

    def html(self, tag: str = "td") -> str:
        return f'<{tag} class="{self.css}">{self.text}</{tag}>'


Content = str | Cell | Markup
Row = tuple[str, Sequence[Content]]  # the class of the row, and its cells


def _cell(content: Content, tag: str = "td") -> str:
    return (Cell(content) if isinstance(content, str) else content).html(tag)


def table(header: Sequence[Content], rows: Iterable[Row], css: str = "") -> str:
    head = "".join(_cell(h, "th") for h in header)
    body = "".join(
        f'<tr class="{row_css}">{"".join(_cell(c) for c in cells)}</tr>' for row_css, cells in rows
    )
    top = f"<thead><tr>{head}</tr></thead>" if header else ""
    return f'<div class="scroll"><table class="{css}">{top}<tbody>{body}</tbody></table></div>'


def cards(items: Iterable[tuple[str, str, str, str]]) -> str:
    """(label, number, remark, class of the number)"""
    return (
        '<dl class="cards">'
        + "".join(
            f'<div><dt>{escape(label)}</dt><dd class="big {css}">{escape(number)}</dd>'
            f'<dd class="small">{escape(remark)}</dd></div>'
            for label, number, remark, css in items
        )
        + "</dl>"
    )


def facts(items: Mapping[str, object]) -> str:
    """Names with their values; nested mappings are flattened, lists joined."""
    pairs = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in _flat(items))
    return f'<dl class="facts">{pairs}</dl>'


def _flat(items: Mapping[str, object], before: str = "") -> Iterable[tuple[str, str]]:
    for key, value in items.items():
        name = f"{before}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}: ")
        elif isinstance(value, (list, tuple)):
            yield name, ", ".join(map(str, value))
        else:
            yield name, str(value)


def section(title: str, *parts: str, note: str = "") -> str:
    said = f'<p class="note">{escape(note)}</p>' if note else ""
    return f"<section><h2>{escape(title)}</h2>{said}{''.join(parts)}</section>"


def tone(value: float | None) -> str:
    """The class that colours a gain or a loss."""
    return "" if not value else "gain" if value > 0 else "loss"
