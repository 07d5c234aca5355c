"""Where agents look for things, all at the root of the server."""

from __future__ import annotations

PREFIXES = ("/marketplace.json", "/marketplace/collections", "/git")
