"""Stripe's API in process: authentication, idempotency keys, `expand`, error envelopes; a call in, an answer out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.peers.stripe import books, charges, checkout, connect
from tests.peers.stripe.faults import Accidents, ConnectionCut, Refused, rate_limited, server_error
from tests.peers.stripe.forms import Params, read_form
from tests.peers.stripe.world import API_VERSION, DAY_S, PLATFORM, Thing, World

_ROUTES: list[tuple[str, re.Pattern[str], str, Callable[..., Thing]]] = [
    (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), path, handler)
    for module in (checkout, charges, connect, books)
    for method, path, handler in module.ROUTES
]


@dataclass(frozen=True, kw_only=True)
class Call:
    """What came and what was answered, for whoever listens. `path` as in the OpenAPI file."""

    method: str
    path: str
    params: Params
    status: int
    body: Thing


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class _Kept:
    request: tuple[str, str, str, str]
    at: int
    status: int
    body: Thing


@dataclass
class Api:
    world: World
    base: str = "http://stripe.invalid"
    accidents: Accidents = field(default_factory=Accidents)
    listeners: list[Callable[[Call], None]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    in_use: set[str] = field(default_factory=set)  # idempotency keys whose first request still runs
    _kept: dict[tuple[str, str], _Kept] = field(default_factory=dict)
    _serial: Any = field(default_factory=count)

    def call(
        self, method: str, path: str, query: str = "", body: str = "", headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request; names of headers in lower case. Raises ConnectionCut."""
        headers = headers or {}
        self.calls.append((method, path))
        checkout.expire_due(self.world)
        accident = self.accidents.draw(method, path)
        status, answer, replayed = self._answer(method, path, query, body, headers, accident)
        shown = {
            "content-type": "application/json", "request-id": f"req_{next(self._serial):012d}",
            "stripe-version": headers.get("stripe-version", API_VERSION), "date": _http_date(self.world.now()),
        }  # fmt: skip
        if "idempotency-key" in headers:
            shown["idempotency-key"] = headers["idempotency-key"]
        if replayed:
            shown["idempotent-replayed"] = "true"
        if status >= 500 and accident != "fail_before":
            shown["stripe-should-retry"] = "false"
        return Reply(status, shown, json.dumps(answer).encode())

    def _answer(
        self, method: str, path: str, query: str, body: str, headers: Mapping[str, str], accident: str | None
    ) -> tuple[int, Thing, bool]:
        params, template = read_form(body if method == "POST" else query), path
        replayed = False
        try:
            handler, template, named = _route(method, path)
            account = self._authenticate(headers)
            if accident == "rate_limit":
                raise rate_limited()
            if accident == "cut_before":
                raise ConnectionCut
            if accident == "fail_before":
                raise server_error()
            request = (method, path, body, account)
            key = headers.get("idempotency-key", "") if method == "POST" else ""
            kept = self._find_kept(key, account, request)
            if kept is None:
                kept = self._run(handler, params, account, named, request, accident == "fail_saved")
                if key and (kept.status < 400 or kept.body.pop("__started", False)):
                    self._kept[key, account] = kept
                kept.body.pop("__started", None)
            else:
                replayed = True
            status, answer = kept.status, self._expanded(deepcopy(kept.body), params.get("expand"), account)
        except Refused as refused:
            status, answer = refused.status, refused.body
        if accident == "fail_after" and status < 400:
            failure = server_error()
            status, answer = failure.status, failure.body
            if key:
                self._kept[key, account] = _Kept(request, self.world.now(), status, answer)
        for listener in self.listeners:
            listener(Call(method=method, path=template, params=params, status=status, body=answer))
        if accident == "cut_after":
            raise ConnectionCut
        return status, answer, replayed

    def _authenticate(self, headers: Mapping[str, str]) -> str:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key != self.world.secret_key:
            raise Refused(401, f"Invalid API Key provided: {key[:8]}****")
        account = headers.get("stripe-account", PLATFORM)
        if account != PLATFORM:
            connect.retrieve_account(self.world, {}, PLATFORM, account)
        return account

    def _find_kept(self, key: str, account: str, request: tuple[str, str, str, str]) -> _Kept | None:
        """What the key was answered with before, in the last day."""
        if key in self.in_use:
            message = "There is currently another in-progress request using this Idempotent Key."
            raise Refused(409, message, type="idempotency_error", code="idempotency_key_in_use")
        kept = self._kept.get((key, account)) if key else None
        if kept is None or kept.at + DAY_S <= self.world.now():
            return None
        if kept.request != request:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request."
            )
            raise Refused(400, message, type="idempotency_error")
        return kept

    def _run(
        self, handler: Callable[..., Thing], params: Params, account: str, named: Mapping[str, str],
        request: tuple[str, str, str, str], fails: bool,
    ) -> _Kept:  # fmt: skip
        now = self.world.now()
        try:
            if fails:
                raise server_error()
            made = handler(self.world, {**params, "__base": self.base}, account, **named)
            return _Kept(request, now, 200, deepcopy(made))
        except Refused as refused:
            return _Kept(request, now, refused.status, {**refused.body, "__started": refused.started})

    def _expanded(self, answer: Thing, wishes: Any, account: str) -> Thing:
        for wish in wishes or []:
            steps = wish.split(".")
            if answer.get("object") == "list":
                if steps.pop(0) != "data":
                    message = f"This property cannot be expanded ({wish}). You may want to try expanding 'data.{wish}'."
                    raise Refused(400, message)
                for item in answer["data"]:
                    self._expand(item, steps, wish)
            elif "error" not in answer:
                self._expand(answer, steps, wish)
        return answer

    def _expand(self, thing: Thing, steps: list[str], wish: str) -> None:
        name, *rest = steps
        if name not in thing:
            raise Refused(400, f"This property cannot be expanded ({wish}).")
        if isinstance(thing[name], str) and thing[name] in self.world.things:
            thing[name] = deepcopy(self.world.things[thing[name]])
        if rest and isinstance(thing[name], dict):
            self._expand(thing[name], rest, wish)


def _route(method: str, path: str) -> tuple[Callable[..., Thing], str, Mapping[str, str]]:
    for verb, pattern, template, handler in _ROUTES:
        if verb == method and (match := pattern.fullmatch(path)):
            return handler, template, match.groupdict()
    raise Refused(404, f"Unrecognized request URL ({method}: {path}).")


def _http_date(at: int) -> str:
    from email.utils import formatdate

    return formatdate(at, usegmt=True)
