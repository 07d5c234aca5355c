"""How a call can go wrong: Stripe's own refusals, and the accidents that a test orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

Accident = Literal["rate_limit", "fail_before", "fail_saved", "fail_after", "cut_before", "cut_after"]
"""429 · 500 with nothing done · the same, kept for the idempotency key · 500 although it was done ·
connection cut with nothing done · connection cut although it was done."""


class Refused(Exception):
    """An answer in Stripe's error envelope. `started`: kept for the idempotency key, as a run that failed is."""

    def __init__(
        self, status: int, message: str, *, type: str = "invalid_request_error", code: str | None = None,
        param: str | None = None, started: bool = False, **more: Any,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.status, self.started = status, started
        shown = {"type": type, "code": code, "param": param, "message": message, **more}
        self.body = {"error": {name: value for name, value in shown.items() if value is not None}}


class ConnectionCut(Exception):
    """The caller gets no answer."""


def missing(param: str) -> Refused:
    return Refused(400, f"Missing required param: {param}.", code="parameter_missing", param=param)


def not_valid(param: str, message: str, code: str | None = None) -> Refused:
    return Refused(400, message, code=code, param=param)


def no_such(kind: str, id: str, param: str = "id", status: int = 404) -> Refused:
    return Refused(status, f"No such {kind}: '{id}'", code="resource_missing", param=param)


def server_error() -> Refused:
    message = "An unknown error occurred on our side; contact support with the id of the request."
    return Refused(500, message, type="api_error", started=True)


def rate_limited() -> Refused:
    message = (
        "Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits."
    )
    return Refused(429, message, code="rate_limit")


@dataclass
class _Ordered:
    accident: Accident
    method: str
    path: str
    times: int


@dataclass
class Accidents:
    """Which calls go wrong: the next ones of a kind, or some by chance."""

    _ordered: list[_Ordered] = field(default_factory=list)
    _chances: Mapping[Accident, float] = field(default_factory=dict)
    _random: Random = field(default_factory=lambda: Random(0))

    def order(self, accident: Accident, path: str = "/v1/", *, method: str = "POST", times: int = 1) -> None:
        """The next `times` calls of this method whose path begins so go wrong like this."""
        self._ordered.append(_Ordered(accident, method, path, times))

    def by_chance(self, chances: Mapping[Accident, float], random: Random) -> None:
        """From now on calls go wrong with these probabilities."""
        self._chances, self._random = chances, random

    def stop(self) -> None:
        self._ordered, self._chances = [], {}

    def draw(self, method: str, path: str) -> Accident | None:
        for ordered in self._ordered:
            if ordered.times and ordered.method == method and path.startswith(ordered.path):
                ordered.times -= 1
                return ordered.accident
        lot = self._random.random() if self._chances else 1.0
        for accident, chance in self._chances.items():
            if lot < chance:
                return accident
            lot -= chance
        return None
