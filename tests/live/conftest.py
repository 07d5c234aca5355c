"""Checks against services on the internet, collected only when asked for: `SKILLYARD_LIVE=1 pytest tests/live`.

Those against Stripe need `LIVE_STRIPE_KEY` as well, a secret key of test mode; those against a language model
`LIVE_LLM_URL`.
"""

from __future__ import annotations

import os

_NEEDS = {"test_stripe.py": "LIVE_STRIPE_KEY", "test_llm.py": "LIVE_LLM_URL"}

collect_ignore = [name for name, variable in _NEEDS.items() if not os.environ.get(variable)]
collect_ignore_glob = [] if os.environ.get("SKILLYARD_LIVE") else ["test_*.py"]
