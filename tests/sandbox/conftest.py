"""What is collected here: the machines of the E2B on loopback can be had by root only."""

from __future__ import annotations

import os

collect_ignore = [] if os.geteuid() == 0 else ["test_e2b.py"]
