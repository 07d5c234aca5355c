"""Checks against services on the internet, collected only when asked for: `SKILLYARD_LIVE=1 pytest tests/live`.

Those against Stripe need `LIVE_STRIPE_KEY` as well, a secret key of test mode.
"""

from __future__ import annotations

import os

collect_ignore = [] if os.environ.get("LIVE_STRIPE_KEY") else ["test_stripe.py"]
collect_ignore_glob = [] if os.environ.get("SKILLYARD_LIVE") else ["test_*.py"]
