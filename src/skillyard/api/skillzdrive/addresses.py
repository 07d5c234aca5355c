"""Where this surface is, apart from its own hosts and port."""

from __future__ import annotations

MOUNT = "/skillzdrive"
API = "/api/v1"
UPLOADS = "/api/uploads/process-skill"
MCP = "/mcp"
