"""What drives do by themselves."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.drive import follow_git, sources, telemetry, tickets
from skillyard.infra.jobs import every


@every(seconds=3600)
def forget_tickets(app: App) -> None:
    """Remove upload tickets that nobody can use any more."""
    tickets.forget_expired(app)


@every(seconds=24 * 3600)
def forget_reports(app: App) -> None:
    """Remove what the command line has reported longer than a season ago."""
    telemetry.forget_old(app)


@every(seconds=1800)
def follow_imports(app: App) -> None:
    """Look for new commits where imports come from; at each every three hours."""
    follow_git.follow_all(app)


@every(seconds=6 * 3600)
def crawl_sources(app: App) -> None:
    """Look for new commits in the git sources, and publish what is new in them."""
    sources.crawl_all(app)
