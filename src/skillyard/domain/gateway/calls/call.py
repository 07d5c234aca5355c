"""Calls of integrations: checked, built, counted, sent in the name of a person's connection, read, and written down."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls import audit
from skillyard.domain.gateway.calls.building import Built, authorized, build
from skillyard.domain.gateway.calls.call_model import (
    CallMeta,
    CallRecord,
    CallRequest,
    CallResult,
    RateState,
    RunRef,
    Who,
)
from skillyard.domain.gateway.calls.params import check_params
from skillyard.domain.gateway.calls.plans import Plan, limits_of, plan_of
from skillyard.domain.gateway.calls.reading import Reading, read_answer
from skillyard.domain.gateway.calls.sending import Sending, send
from skillyard.domain.gateway.calls.under_way import under_way
from skillyard.domain.gateway.catalog.integration import Endpoint, Integration
from skillyard.domain.gateway.catalog.lookup import find_endpoint, find_integration
from skillyard.domain.gateway.connect.authorization import Authorization
from skillyard.domain.gateway.connect.authorizations import fresh
from skillyard.domain.gateway.connect.connection import Connection
from skillyard.domain.gateway.connect.connections import choose
from skillyard.infra.errors import SkillyardError
from skillyard.infra.ids import new_id

__all__ = ("CallMeta", "CallRequest", "CallResult", "RateState", "RunRef", "Who", "call", "perform")

_MIB = 1024 * 1024


def call(app: App, caller: Caller, request: CallRequest) -> CallResult:
    """Call an endpoint in the caller's own name. Raises what `perform` does, and IntegrationNotInScope."""
    caller.must("call_integrations")
    caller.must_reach_integration(request.integration)
    user_id, username = caller.identity
    who = Who(user_id=user_id, username=username, token_id=caller.token_id, address=request.address)
    return perform(app, who, request)


def perform(app: App, who: Who, request: CallRequest) -> CallResult:
    """Call an endpoint in somebody's name; whether they may, and consented, was asked before.

    What the other side answers is a result, of whatever status. Raises IntegrationNotFound, EndpointNotFound,
    ParamsInvalid, IntegrationNotConnected, ConnectionNotFound, ReconnectRequired, CallLimitReached, TooManyCallsAtOnce,
    UpstreamResting, UpstreamUnavailable and its kinds, AddressNotAllowed.
    """
    integration = find_integration(app, request.integration)
    endpoint = find_endpoint(integration, request.endpoint)
    params = check_params(integration, endpoint, request.params)
    began, now_ms = time.monotonic(), app.clock.now_ms()
    plan, connection = _plan_and_connection(app, who, integration, request.connection)
    one = _Call(
        id=new_id("call"),
        person=who.user_id,
        integration=integration,
        endpoint=endpoint,
        params=params,
        connection=connection,
        until=began + app.settings.gateway_call_seconds,
    )
    built = build(integration, endpoint, params, connection.variables if connection else {})
    record = _record(who, request, one, now_ms=now_ms)
    with under_way(app, who.user_id):
        audit.begin(app, record, limits_of(app, plan, who, record.connection_id, now_ms=now_ms))
        reading = _exchange_on_record(app, one, built, record, began)
    return _result(request, one, reading, duration_ms=_since_ms(began))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One call under way. `until`: its end at the latest, on the monotonic clock."""

    id: str
    person: str
    integration: Integration
    endpoint: Endpoint
    params: Mapping[str, Any]
    connection: Connection | None
    until: float


def _plan_and_connection(
    app: App, who: Who, integration: Integration, wanted: str | None
) -> tuple[Plan, Connection | None]:
    """No connection for what nobody signs in to. Raises IntegrationNotConnected, ConnectionNotFound."""
    is_open = not integration.variables and all(way.kind == "none" for way in integration.ways)
    with app.database.reading() as tx:
        plan = plan_of(tx, app, who.user_id)
        if is_open:
            return plan, None
        return plan, choose(tx, who.user_id, integration.slug, wanted, address=app.settings.address)


def _record(who: Who, request: CallRequest, one: _Call, *, now_ms: int) -> CallRecord:
    """As it is before it goes out."""
    run = who.run
    return CallRecord(
        id=one.id,
        user_id=who.user_id,
        token_id=who.token_id,
        connection_id=one.connection.id if one.connection else None,
        integration=one.integration.slug,
        version=one.integration.version,
        endpoint=one.endpoint.name,
        effect=one.endpoint.effect,
        state="sending",
        run_id=run.run_id if run else None,
        skill=run.name if run else None,
        skill_version=run.version if run else None,
        digest=run.digest if run else None,
        grant_id=run.grant_id if run else None,
        request_id=request.request_id,
        at_ms=now_ms,
    )


def _answered(record: CallRecord, reading: Reading, *, duration_ms: int) -> CallRecord:
    return replace(
        record,
        state="answered",
        status=reading.status,
        error=reading.failure,
        duration_ms=duration_ms,
        upstream_request_id=reading.upstream_request_id,
    )


def _exchange_on_record(app: App, one: _Call, built: Built, record: CallRecord, began: float) -> Reading:
    """What the other side says, once it is written down; or that it said nothing, and why."""
    used_ms = one.connection.last_used_ms if one.connection else None
    try:
        reading = _exchange(app, one, built)
    except BaseException as error:
        code = error.code if isinstance(error, SkillyardError) else "internal"
        audit.end(app, audit.failed(record, code, duration_ms=_since_ms(began)), connection_used_ms=used_ms)
        raise
    audit.end(app, _answered(record, reading, duration_ms=_since_ms(began)), connection_used_ms=used_ms)
    return reading


def _exchange(app: App, one: _Call, built: Built) -> Reading:
    """What the other side says. A secret that it does not take (any more) is made fresh once."""
    if one.connection is None:
        return _ask(app, one, built, None)
    shown = fresh(app, one.connection, one.integration)
    reading = _ask(app, one, built, shown)
    if not _is_rejected(one.integration, reading):
        return reading
    renewed = fresh(app, one.connection, one.integration, rejected=shown.secret)
    if renewed.secret.reveal() == shown.secret.reveal():
        return reading  # it is good; what was asked for is refused for another reason
    return _ask(app, one, built, renewed)


def _ask(app: App, one: _Call, built: Built, shown: Authorization | None) -> Reading:
    built = _repeatable(one, authorized(built, shown) if shown else built)
    how = Sending(
        integration=one.integration,
        person=one.person,
        changes=one.endpoint.effect != "read",
        may_repeat=one.endpoint.effect == "read" or bool(one.endpoint.idempotency_header),
        until=one.until,
        most_bytes=app.settings.gateway_answer_mb * _MIB,
        secret_headers=frozenset(name.lower() for name in shown.headers) if shown else frozenset(),
    )
    answer = send(app.outbound, built, how)
    secret = shown.secret.reveal() if shown else ""
    return read_answer(one.integration, one.endpoint, one.params, answer, secret=secret, now_ms=app.clock.now_ms())


def _repeatable(one: _Call, built: Built) -> Built:
    """With the key by which the other side knows that it is the same call again."""
    name = one.endpoint.idempotency_header.lower()
    if not name or name in built.headers:
        return built
    return replace(built, headers={**built.headers, name: one.id})


def _is_rejected(integration: Integration, reading: Reading) -> bool:
    return reading.status == 401 or (reading.failure is not None and reading.failure in integration.habits.rejected)


def _result(request: CallRequest, one: _Call, reading: Reading, *, duration_ms: int) -> CallResult:
    meta = CallMeta(
        request_id=request.request_id,
        call_id=one.id,
        duration_ms=duration_ms,
        upstream_request_id=reading.upstream_request_id,
        version=one.integration.version,
        connection=one.connection.id if one.connection else None,
        failure=reading.failure,
        page=reading.page,
        rate=reading.rate,
    )
    return CallResult(status=reading.status, data=reading.data, meta=meta)


def _since_ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
