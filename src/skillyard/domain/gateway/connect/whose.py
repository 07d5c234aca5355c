"""Whose account a token or key is of, as the service itself says: what is kept is what people are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from skillyard.app import App
from skillyard.domain.gateway.catalog.integration import Identity, Integration
from skillyard.domain.gateway.connect.authorization import Authorization, fill_in
from skillyard.domain.gateway.connect.connection_errors import AccountNotUnderstood, KeyRefused
from skillyard.infra.outbound import AddressNotAllowed, Answer, Bounds, CallFailed

_BOUNDS = Bounds(total_s=15.0, phase_s=10.0, max_bytes=1024 * 1024)
_MOST_CHARS = 200
_REFUSALS = (400, 401, 403)  # of a call without parameters: nothing else can be wrong with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`id` is how the service calls it for ever, `label` how people do."""

    id: str
    label: str


def whose(app: App, integration: Integration, shown: Authorization) -> Account | None:
    """Ask the service; None where there is nothing to ask it.

    Raises KeyRefused (it does not take the secret), AccountNotUnderstood, CallFailed, AddressNotAllowed.
    """
    asked = integration.identity
    if asked is None:
        return None
    try:
        answer = _ask(app, integration, asked, shown)
    except (CallFailed, AddressNotAllowed) as error:
        raise AccountNotUnderstood(title=integration.title, why=error.message.rstrip(".")) from None
    found = _read(integration, answer, shown)
    account = Account(id=_text_at(found, asked.id), label=_text_at(found, asked.label) or _text_at(found, asked.id))
    if not account.id:
        raise AccountNotUnderstood(title=integration.title, why="its answer names no account")
    return account


def _ask(app: App, integration: Integration, asked: Identity, shown: Authorization) -> Answer:
    is_elsewhere = asked.path.startswith("https://")
    url = asked.path if is_elsewhere else fill_in(integration.base_url, shown.variables).rstrip("/") + asked.path
    if query := shown.query:
        url += ("&" if "?" in url else "?") + urlencode(query)
    headers = {"accept": "application/json", **integration.headers, **shown.headers}
    body = b"" if asked.body is None else orjson.dumps(dict(asked.body))
    if body:
        headers["content-type"] = "application/json"
    return app.outbound.request(asked.method, url, headers=headers, body=body, bounds=_BOUNDS)


def _read(integration: Integration, answer: Answer, shown: Authorization) -> Any:
    if answer.status in _REFUSALS:
        raise _refused(integration, shown, f"it answers with status {answer.status}")
    if not 200 <= answer.status < 300:
        raise AccountNotUnderstood(title=integration.title, why=f"it answers with status {answer.status}")
    try:
        found = orjson.loads(answer.body)
    except ValueError:
        raise AccountNotUnderstood(title=integration.title, why="its answer is not JSON") from None
    if not _says_that_it_failed(integration, found):
        return found
    habits = integration.habits
    if not habits.rejected or _text_at(found, habits.failure) in habits.rejected:
        raise _refused(integration, shown, "it says so in its answer")
    raise AccountNotUnderstood(title=integration.title, why="it says that it failed")


def _says_that_it_failed(integration: Integration, found: Any) -> bool:
    signs = integration.habits.failed_if
    return isinstance(found, Mapping) and any(name in found and found[name] == sign for name, sign in signs.items())


def _refused(integration: Integration, shown: Authorization, why: str) -> KeyRefused:
    return KeyRefused(title=integration.title, why=why, where=shown.way.hint)


def _text_at(found: Any, path: Sequence[str]) -> str:
    """The name or number there, as text that can be shown; empty when there is none."""
    for step in path:
        if isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            found = found.get(step) if isinstance(found, Mapping) else None
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    text = str(found)
    return text if len(text) <= _MOST_CHARS and text.isprintable() else ""
