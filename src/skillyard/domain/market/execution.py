"""The job in which the registry itself works off an invocation. Enqueued with it; what it does is in `execute.py`."""

from __future__ import annotations

from skillyard.app import App
from skillyard.infra.jobs import job


@job("market.execute_invocation")
def execute_invocation(app: App, *, invocation_id: str) -> None:
    """Run the steps of an invocation, and settle it. A second run takes over what the first left when it died."""
    from skillyard.domain.market.execute import execute  # it uses what enqueues this job

    execute(app, invocation_id)
