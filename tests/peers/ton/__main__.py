"""`python -m tests.peers.ton --port 8441`: a TON network of one's own, until interrupted."""

from __future__ import annotations

import argparse
import contextlib
import threading

from tests.peers.ton.driver import running_ton_peer

parser = argparse.ArgumentParser(prog="python -m tests.peers.ton", description=__doc__)
parser.add_argument("--port", type=int, default=8441)
with running_ton_peer(parser.parse_args().port) as peer, contextlib.suppress(KeyboardInterrupt):
    print(f"SKILLYARD_TON_API_URL={peer.url} SKILLYARD_OUTBOUND_HTTP_LOOPBACK=true")
    threading.Event().wait()
