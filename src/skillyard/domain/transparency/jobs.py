"""What the public log does in the background."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.transparency.follow import follow_ownership
from skillyard.infra.jobs import every


@every(seconds=10)
def log_ownership(app: App) -> None:
    """Write into the log who became, or ceased to be, somebody who may publish."""
    while follow_ownership(app):
        pass
