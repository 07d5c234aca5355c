"""The gateway as programs of skills see it: what their skill declares, and calls for which there is consent."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.directory import list_people
from skillyard.domain.accounts.errors import AccountSuspended
from skillyard.domain.gateway.calls.call import perform
from skillyard.domain.gateway.calls.call_model import CallRequest, CallResult, RunRef, Who
from skillyard.domain.gateway.catalog.catalog_errors import EndpointNotFound, IntegrationNotFound
from skillyard.domain.gateway.catalog.integration import Endpoint, Integration
from skillyard.domain.gateway.catalog.lookup import find_endpoint, find_integration
from skillyard.domain.gateway.consent import run_wire
from skillyard.domain.gateway.consent.consent import Content, check
from skillyard.domain.gateway.consent.grant import Grant
from skillyard.domain.gateway.consent.grant_errors import ActionUndeclared, NoSuchRunCall
from skillyard.domain.gateway.consent.grant_rules import is_declared
from skillyard.domain.gateway.store import connections
from skillyard.domain.runs.services import Calls
from skillyard.infra.errors import SkillyardError
from skillyard.infra.ids import new_id
from skillyard.infra.log import Logger
from skillyard.sandbox.service import ServiceAnswer, ServiceRequest

_MOST_NOTED = 200
_log = Logger("skillyard.gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """A skill that acts for somebody. `declared`: its `permissions.integrations`; `token_id`: that with which it was
    asked to, if that is known.
    """

    run_id: str
    owner_id: str
    content: Content
    declared: tuple[str, ...]
    token_id: str | None = None


class SkillGateway:
    """For one run. Used by several threads at once."""

    def __init__(self, app: App, acting: Acting) -> None:
        self._app = app
        self._acting = acting
        self._lock = threading.Lock()
        self._calls: list[Mapping[str, Any]] = []
        self._left_out = 0

    def calls(self) -> Calls:
        """All that was called or refused, in order; the last entry says how many more there were."""
        with self._lock:
            return [*self._calls, {"more": self._left_out}] if self._left_out else list(self._calls)

    def answer(self, request: ServiceRequest) -> ServiceAnswer:
        """What the program gets, whatever it asks."""
        request_id = new_id("req")
        try:
            return self._route(request, request_id)
        except SkillyardError as error:
            return run_wire.show_refusal(error, request_id)
        except Exception:
            _log.exception("a call of a skill failed on our side", run=self._acting.run_id, request=request_id)
            return run_wire.show_bug(request_id)

    def _route(self, request: ServiceRequest, request_id: str) -> ServiceAnswer:
        path, _, _ = request.path.partition("?")
        match request.method, path.split("/")[1:]:
            case "GET", ["v1", "skills"]:
                return run_wire.show_integrations(map(self._seen, self._slugs()))
            case "GET", ["v1", "skills", slug]:
                return run_wire.show_integration(*self._seen(slug))
            case "GET", ["v1", "skills", slug, name]:
                return run_wire.show_endpoint(*self._find(slug, name))
            case "POST", ["v1", slug, name]:
                return self._call(slug, name, request, request_id)
        raise NoSuchRunCall(method=request.method, path=ascii(path[:100]))

    def _call(self, slug: str, name: str, request: ServiceRequest, request_id: str) -> ServiceAnswer:
        integration, endpoint = self._find(slug, name)
        facts = {"action": f"{slug}.{name}", "effect": endpoint.effect, "at_ms": self._app.clock.now_ms()}
        try:
            grant = self._consent(integration, endpoint, params := run_wire.read_params(request.body))
            facts |= {"grant_id": grant.id}
            asked = CallRequest(
                integration=slug, endpoint=name, params=params, connection=grant.connection_id, request_id=request_id
            )
            result = perform(self._app, self._who(grant), asked)
        except SkillyardError as error:
            self._note({**facts, "refused": error.code})
            raise
        self._note({**facts, **_shown(result)})
        return run_wire.show_result(result)

    def _consent(self, integration: Integration, endpoint: Endpoint, params: Mapping[str, Any]) -> Grant:
        with self._app.database.reading() as tx:
            return check(
                tx,
                owner_id=self._acting.owner_id,
                content=self._acting.content,
                integration=integration,
                endpoint=endpoint,
                params=params,
                now_ms=self._app.clock.now_ms(),
                address=self._app.settings.address,
            )

    def _who(self, grant: Grant) -> Who:
        """Raises AccountSuspended."""
        acting, content = self._acting, self._acting.content
        with self._app.database.reading() as tx:
            owner = list_people(tx, [acting.owner_id])[acting.owner_id]
        if owner.is_suspended:
            raise AccountSuspended(username=owner.username)
        ref = RunRef(
            run_id=acting.run_id, name=content.name, version=content.version, digest=content.digest, grant_id=grant.id
        )
        return Who(user_id=owner.id, username=owner.username, token_id=acting.token_id, run=ref)

    def _find(self, slug: str, name: str) -> tuple[Integration, Endpoint]:
        """Raises ActionUndeclared, IntegrationNotFound, EndpointNotFound."""
        acting = self._acting
        if not is_declared(acting.declared, slug, name):
            raise ActionUndeclared(
                name=acting.content.name, version=acting.content.version, action=ascii(f"{slug}.{name}"[:100])[1:-1],
                declared=", ".join(acting.declared),
            )  # fmt: skip
        integration = find_integration(self._app, slug)
        return integration, find_endpoint(integration, name)

    def _slugs(self) -> list[str]:
        """Of the integrations that it declares, or endpoints of which it does, and that there are."""
        slugs = sorted({text.partition(".")[0] for text in self._acting.declared})
        return [slug for slug in slugs if self._is_known(slug)]

    def _is_known(self, slug: str) -> bool:
        try:
            find_integration(self._app, slug)
        except IntegrationNotFound:
            return False
        return True

    def _seen(self, slug: str) -> tuple[Integration, list[Endpoint], bool]:
        """An integration with the endpoints that are declared. Raises IntegrationNotFound, EndpointNotFound."""
        acting, integration = self._acting, find_integration(self._app, slug)
        declared = [one for one in integration.endpoints.values() if is_declared(acting.declared, slug, one.name)]
        if not declared:
            raise EndpointNotFound(integration=slug, endpoint="that this skill declares", meant="")
        with self._app.database.reading() as tx:
            return integration, declared, bool(connections.list_of(tx, acting.owner_id, slug))

    def _note(self, call: Mapping[str, Any]) -> None:
        with self._lock:
            if len(self._calls) < _MOST_NOTED:
                self._calls.append(call)
            else:
                self._left_out += 1


def _shown(result: CallResult) -> dict[str, Any]:
    meta = result.meta
    return {
        "call_id": meta.call_id,
        "status": result.status,
        "integration_version": meta.version,
        "connection_id": meta.connection,
    }
