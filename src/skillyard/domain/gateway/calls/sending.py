"""One request, sent until it is answered: again only where that is safe, and as late as the other side asks for."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from skillyard.domain.gateway.calls.breakers import Breakers, breakers
from skillyard.domain.gateway.calls.building import Built
from skillyard.domain.gateway.calls.call_errors import UpstreamAnswerTooLarge, UpstreamTimedOut, UpstreamUnavailable
from skillyard.domain.gateway.catalog.integration import Habits, Integration
from skillyard.infra.outbound import Answer, AnswerTooLarge, Bounds, CallFailed, Outbound

_ATTEMPTS = 3
_FIRST_WAIT_S = 0.2
_MOST_WAIT_S = 30.0
_MOST_REDIRECTS = 3
_PASSING = frozenset({500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_DOWN = frozenset({503})  # 502 and 504 are often about one request that is too much
_DOUBT = " It may have been carried out all the same."


class SendsElsewhere(CallFailed):
    code = "call_sent_elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """`changes`: something there, if it arrives; `may_repeat`: twice is as good as once. `until`: the end of all
    attempts together, on the monotonic clock.
    """

    integration: Integration
    person: str
    changes: bool
    may_repeat: bool
    until: float
    most_bytes: int
    secret_headers: frozenset[str] = frozenset()
    sleep: Callable[[float], None] = time.sleep
    breakers: Breakers = breakers


def send(outbound: Outbound, built: Built, how: Sending) -> Answer:
    """The answer, of whatever status. Raises UpstreamUnavailable and its kinds, UpstreamResting, AddressNotAllowed."""
    key = (how.integration.slug, built.origin)
    how.breakers.check(key, how.person)
    try:
        answer = _insist(outbound, built, how)
    except CallFailed as error:
        if not isinstance(error, AnswerTooLarge | SendsElsewhere):  # what we do not take is no sign that it is down
            how.breakers.failed(key, how.person)
        raise _told(error, how) from None
    how.breakers.failed(key, how.person) if answer.status in _DOWN else how.breakers.succeeded(key)
    return answer


def _insist(outbound: Outbound, built: Built, how: Sending) -> Answer:
    """The first answer that will not be otherwise in a moment, else the last one. Raises CallFailed."""
    for attempt in range(1, _ATTEMPTS):
        try:
            answer = _ask(outbound, built, how)
            if not how.may_repeat or not is_passing(answer, how.integration.habits):
                return answer
            wait_s = _wait_s(attempt, how, _asked_wait_s(answer, how.integration.habits))
            if wait_s is None:
                return answer
        except CallFailed as error:
            wait_s = _wait_s(attempt, how, None)
            is_safe = how.may_repeat or not error.was_sent
            if wait_s is None or not is_safe or isinstance(error, AnswerTooLarge | SendsElsewhere):
                raise
        how.sleep(wait_s)
    return _ask(outbound, built, how)


def is_passing(answer: Answer, habits: Habits) -> bool:
    """Whether it will be otherwise in a moment. A status that has other reasons, too, is a limit's if it says so."""
    if answer.status in _PASSING or answer.status == 429:
        return True
    says_so = answer.headers.get(habits.remaining) == "0" or "retry-after" in answer.headers
    return answer.status in habits.limited_statuses and says_so


def _ask(outbound: Outbound, built: Built, how: Sending) -> Answer:
    """Follows redirects of what only reads to hosts of the integration; the secret stays with the first origin."""
    first = urlsplit(built.url)
    for _ in range(_MOST_REDIRECTS + 1):
        answer = outbound.pooled(
            built.method,
            built.url,
            headers=built.headers,
            body=built.body,
            bounds=_bounds(how),
            may_repeat=how.may_repeat,
        )
        if answer.status not in _REDIRECTS or "location" not in answer.headers:
            return answer
        try:
            url = urljoin(built.url, answer.headers["location"])
            is_same_origin = first[:2] == urlsplit(url)[:2]
        except ValueError:
            raise SendsElsewhere(host=built.host, why="it sends us to what is no address") from None
        built = _redirected(built, url, is_same_origin, how)
    raise SendsElsewhere(host=built.host, why="it sends us in a circle")


def _redirected(built: Built, url: str, is_same_origin: bool, how: Sending) -> Built:
    target = urlsplit(url)
    if built.method not in ("GET", "HEAD") or target.scheme not in ("https", "http"):
        raise SendsElsewhere(host=built.host, why="it sends us elsewhere")
    if is_same_origin:
        return replace(built, url=url)
    if target.scheme != "https" or target.hostname not in how.integration.hosts:
        raise SendsElsewhere(host=built.host, why="it sends us to a host that is not of this integration")
    secret = how.secret_headers | {"authorization", "cookie"}
    return replace(built, url=url, headers={name: value for name, value in built.headers.items() if name not in secret})


def _bounds(how: Sending) -> Bounds:
    left_s = max(0.001, how.until - time.monotonic())
    return Bounds(total_s=left_s, phase_s=left_s, max_bytes=how.most_bytes)


def _wait_s(attempt: int, how: Sending, asked_s: float | None) -> float | None:
    """Full jitter, or what was asked for; None when that would be too late."""
    jitter_s = random.uniform(0, _FIRST_WAIT_S * 2**attempt)  # noqa: S311 (no secret)
    wait_s = jitter_s if asked_s is None else asked_s
    return wait_s if wait_s <= _MOST_WAIT_S and time.monotonic() + wait_s < how.until else None


def _asked_wait_s(answer: Answer, habits: Habits) -> float | None:
    """`Retry-After` (RFC 9110, section 10.2.3), else the end of the limit where nothing is left of it."""
    given = answer.headers.get("retry-after", "").strip()
    if given.isascii() and given.isdigit():
        return float(given[:9])
    if given:
        try:
            return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())
        except (ValueError, TypeError, OverflowError):
            return None
    reset = answer.headers.get(habits.reset, "") if answer.headers.get(habits.remaining) == "0" else ""
    if not reset.isascii() or not reset.isdigit():
        return None
    return max(0.0, float(reset[:12]) - (time.time() if habits.reset_is == "unix" else 0))


def _told(error: CallFailed, how: Sending) -> UpstreamUnavailable:
    may_be_done = how.changes and (error.was_sent or how.may_repeat)  # an earlier attempt may have arrived
    kind = UpstreamTimedOut if error.timed_out else UpstreamUnavailable
    if isinstance(error, AnswerTooLarge):
        kind = UpstreamAnswerTooLarge
    facts: Mapping[str, Any] = {**error.facts, "may_be_done": may_be_done, "doubt": _DOUBT if may_be_done else ""}
    return kind(**facts)
