"""What goes into a call of an integration, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from skillyard.domain.gateway.catalog.integration import Effect

CallState = Literal["sending", "answered", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRef:
    """The run that calls, with the release that it runs and the consent that covers it."""

    run_id: str
    name: str
    version: str
    digest: str
    grant_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """In whose name, with which token and from where it is called; `run`: the skill that does, if one does."""

    user_id: str
    username: str
    token_id: str | None = None
    address: str = ""
    run: RunRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """`connection`: the id or label of the account that is meant; None: the one that is used by default."""

    integration: str
    endpoint: str
    params: Mapping[str, Any] = field(default_factory=dict)
    connection: str | None = None
    request_id: str
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateState:
    """What the other side says of its own limit; None: it does not say."""

    limit: int | None = None
    remaining: int | None = None
    resets_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMeta:
    """`version`: of the integration. `failure`: that the answer is a failure although its status says otherwise, in the
    words of the other side. `page`: what to change in the parameters to get the next page; None: there is none.
    """

    request_id: str
    call_id: str
    duration_ms: int
    upstream_request_id: str | None
    version: int
    connection: str | None
    failure: str | None = None
    page: Mapping[str, Any] | None = None
    rate: RateState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """`status` and `data` are the other side's, whatever they say. A file is `{"content_type", "size_bytes"}` with its
    `text` or `base64`.
    """

    status: int
    data: Any
    meta: CallMeta


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """What is kept of a call; never its parameters. `state`: `sending` until the end of a write is known, and for ever
    where it never was; `error`: the code of what was refused or failed, else what the other side calls a failure.
    """

    id: str
    user_id: str
    token_id: str | None
    connection_id: str | None
    integration: str
    version: int
    endpoint: str
    effect: Effect
    state: CallState
    status: int | None = None
    error: str | None = None
    duration_ms: int | None = None
    run_id: str | None = None
    skill: str | None = None
    skill_version: str | None = None
    digest: str | None = None
    grant_id: str | None = None
    request_id: str
    upstream_request_id: str | None = None
    at_ms: int

    @property
    def has_failed(self) -> bool:
        return self.state == "failed" or self.error is not None or (self.status or 0) >= 400


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfCalls:
    """Of one person and integration, on one day (UTC)."""

    day: str
    integration: str
    calls: int
    failures: int
    duration_ms: int
