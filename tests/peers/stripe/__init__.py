"""Stripe as far as selling needs it: one world in memory, spoken to over HTTP or in process.

`Peer` (peer.py) is the whole; what it answers is held against Stripe's published OpenAPI file (conformance.py).
"""
