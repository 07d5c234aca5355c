"""The gateway inside the sandbox of a run: a program calls with a lease, and never sees what opens the account.

Each run has a service object of its own, which knows its run; the lease is asked for beside that, so that nothing else
in a sandbox calls by accident.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from skillyard.app import App
from skillyard.domain.gateway.consent import run_wire
from skillyard.domain.gateway.consent.consent import Content
from skillyard.domain.gateway.consent.leases import check_lease, open_lease
from skillyard.domain.gateway.consent.skill_gateway import Acting, SkillGateway
from skillyard.domain.runs.model import Run
from skillyard.domain.runs.services import Offer, run_service
from skillyard.infra.errors import SkillyardError
from skillyard.infra.ids import new_id
from skillyard.sandbox.service import ServiceAnswer, ServiceRequest

HOST = "gateway.skillyard.internal"
ADDRESS = f"http://{HOST}:3128"
"""With the port of the proxy, so that clients that use no proxy reach it as well."""


@run_service(HOST)
@contextmanager
def gateway_for(app: App, run: Run) -> Iterator[Offer | None]:
    """For runs that declare integrations."""
    if not run.task.permissions.integrations:
        yield None
        return
    gateway = RunGateway(app, run)
    lease = open_lease(app, run)
    environment = {"SKILLYARD_GATEWAY": ADDRESS, "SKILLYARD_LEASE": lease}
    yield Offer(service=gateway.answer, environment=environment, calls=gateway.skill.calls)


class RunGateway:
    """Of one run. It acts for who asked for the run, or for a step of an invocation for the seller of the skill."""

    def __init__(self, app: App, run: Run) -> None:
        self._app = app
        self._run = run
        self.skill = SkillGateway(
            app,
            Acting(
                run_id=run.id,
                owner_id=run.owner_id,
                content=Content(name=run.name, version=run.version, digest=run.digest),
                declared=run.task.permissions.integrations,
                token_id=run.key_id,
            ),
        )

    def answer(self, request: ServiceRequest) -> ServiceAnswer:
        """What the program gets, whatever it asks."""
        try:
            check_lease(self._app, self._run, _bearer(request))
        except SkillyardError as refused:
            return run_wire.show_refusal(refused, new_id("req"))
        return self.skill.answer(request)


def _bearer(request: ServiceRequest) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
