"""Where this surface is, apart from its own hosts and port."""

from __future__ import annotations

MOUNT = "/skillett"
API = "/v1"
DEVICE = "/auth/device"
KEYS = "/api-keys"
