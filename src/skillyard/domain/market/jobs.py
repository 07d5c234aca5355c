"""What the market does by itself. Jobs that something enqueues are declared beside it."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.market import composing, execution
from skillyard.domain.market.expire import expire_overdue
from skillyard.domain.market.expire import free_leases as free
from skillyard.domain.market.follow import follow_registry as follow
from skillyard.domain.market.uses import follow_uses
from skillyard.infra.jobs import every

DECLARED = (composing, execution)


@every(seconds=5)
def follow_registry(app: App) -> None:
    """Put on offer what was published, and take off what was withdrawn."""
    while follow(app):
        pass


@every(seconds=60)
def count_uses(app: App) -> None:
    """Count who has used which skill."""
    while follow_uses(app):
        pass


@every(seconds=5)
def free_leases(app: App) -> None:
    """Let invocations wait again whose provider did not go on with them."""
    free(app)


@every(seconds=5)
def expire_invocations(app: App) -> None:
    """End what was not delivered in time, and give the price back."""
    while expire_overdue(app):
        pass
