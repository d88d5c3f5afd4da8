"""What a venue really answered, kept on the error that ccxt makes of it.

ccxt's texts drop the code of some answers, all headers and mostly the status; its `last_...` attributes are of
whichever request came last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

_KEPT_AS = "venue_answer"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP reply as it came. `venue` is ccxt's id; `url` has no query; names of headers are in lower case."""

    venue: str
    status: int
    url: str
    headers: Mapping[str, str]
    body: str


def answer_of(error: BaseException) -> Answer | None:
    """The reply that a client of ours made this error of; None when there was none."""
    return getattr(error, _KEPT_AS, None)


def keep_answers(client: Any, module: ModuleType) -> None:
    """From now on every error that is made of a reply carries it; an answer that is no whole JSON is an error.

    ccxt reads broken JSON as an empty list or an order without ids: things would be missing unsaid.
    """
    judge_words, judge_status = client.handle_errors, client.handle_http_status_code

    def judge(
        status: int,
        reason: str,
        url: str,
        method: str,
        headers: Mapping[str, Any],
        body: str,
        *rest: Any,
    ) -> Any:
        try:
            found = judge_words(status, reason, url, method, headers, body, *rest)
            judge_status(status, reason, url, method, body)
            if str(body)[:1] in ("[", "{", "<") and client.parse_json(body) is None:
                raise module.BadResponse(
                    f"{client.id} {method} {url} answered with {len(body)} characters that are no JSON"
                )
        except Exception as error:
            names = {str(name).lower(): str(value) for name, value in headers.items()}
            setattr(error, _KEPT_AS, Answer(client.id, status, url.partition("?")[0], names, str(body)))
            raise
        return found

    client.handle_errors = judge
