"""`python -m tests.peers.stripe --port 12111 --webhook-url http://127.0.0.1:8400/… --secret whsec_test`"""

from __future__ import annotations

import argparse
import threading

from tests.peers.stripe.peer import Peer
from tests.peers.stripe.server import serving


def main() -> None:
    parser = argparse.ArgumentParser(description="A Stripe of your own, on loopback and in memory.")
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--secret-key", default="sk_test_peer")
    parser.add_argument("--webhook-url", help="where events are sent")
    parser.add_argument("--secret", default="whsec_test", help="what events are signed with")
    wish = parser.parse_args()
    peer = Peer(secret_key=wish.secret_key, settle_s=0)
    if wish.webhook_url:
        peer.add_endpoint(wish.webhook_url, wish.secret)
        peer.add_endpoint(wish.webhook_url, wish.secret, connect=True)
    with serving(peer, port=wish.port):
        print(f"SKILLYARD_STRIPE_API_URL={peer.url} SKILLYARD_STRIPE_SECRET_KEY={wish.secret_key}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
