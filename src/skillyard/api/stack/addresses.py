"""Where this surface is, apart from its own hosts and port."""

from __future__ import annotations

MOUNT = "/stack"
SKILL = "/v1/skills/{skill_id}"
