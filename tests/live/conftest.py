"""Checks against services on the internet, collected only when asked for: `SKILLYARD_LIVE=1 pytest tests/live`."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("SKILLYARD_LIVE") else ["test_*.py"]
