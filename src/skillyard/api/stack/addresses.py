"""Where this surface is, apart from its own hosts and port."""

from __future__ import annotations

MOUNT = "/stack"
