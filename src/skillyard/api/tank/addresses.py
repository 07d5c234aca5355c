"""Where this surface is: whatever host or port a client came by, what it is handed leads to the path prefix."""

from __future__ import annotations

from skillyard.app import App

MOUNT = "/tank"
PREFIX = "/api/v1"


def base_url(app: App) -> str:
    """The base of every address that is handed out, without a trailing slash."""
    return f"{app.settings.address}{MOUNT}{PREFIX}"
