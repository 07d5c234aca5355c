"""The job in which the registry itself works off an invocation, enqueued with it."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.market.execute import execute
from skillyard.domain.runs.model import LANE
from skillyard.infra.jobs import job


@job("market.execute_invocation", lane=LANE, retries=8)
def execute_invocation(app: App, *, invocation_id: str) -> None:
    """Run the steps of an invocation, and settle it. A second run takes over what the first left when it died."""
    execute(app, invocation_id)
