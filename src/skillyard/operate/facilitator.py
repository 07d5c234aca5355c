"""A facilitator of one's own for x402: checks signed payments and puts them on the chain, with its own key for the gas.

A program of its own, so that the server holds no key of a chain: `python -m skillyard.operate.facilitator`, with the
extra `x402` installed, on loopback. Routes as https://docs.x402.org has them: /supported, /verify, /settle.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

MAX_BODY_BYTES = 64 * 1024
_NEEDED = ("SKILLYARD_FACILITATOR_KEY", "SKILLYARD_FACILITATOR_RPC_URL", "SKILLYARD_FACILITATOR_NETWORK")
_HOST = "127.0.0.1"
_USUAL_DEPTH = 1000
_PORT = 8402

Answer = Callable[[str, dict[str, Any]], dict[str, Any]]


def open_facilitator(*, key: str, rpc_url: str, network: str) -> Answer:
    """What answers `verify` and `settle`. `key`: hexadecimal, of an account that pays the gas and nothing else."""
    from x402 import x402FacilitatorSync
    from x402.mechanisms.evm import FacilitatorWeb3Signer
    from x402.mechanisms.evm.exact import register_exact_evm_facilitator
    from x402.schemas import PaymentPayload, PaymentRequirements

    sys.setrecursionlimit(_USUAL_DEPTH)  # py_ecc, which they import, raises it: deep JSON would overflow the stack
    facilitator = x402FacilitatorSync()
    register_exact_evm_facilitator(facilitator, FacilitatorWeb3Signer(key, rpc_url), networks=network)
    one_at_a_time = Lock()  # the numbers of its transactions follow one another

    def answer(step: str, body: dict[str, Any]) -> dict[str, Any]:
        payload = PaymentPayload.model_validate(body["paymentPayload"])
        wanted = PaymentRequirements.model_validate(body["paymentRequirements"])
        if step == "verify":
            return facilitator.verify(payload, wanted).model_dump(by_alias=True, exclude_none=True)
        with one_at_a_time:
            return facilitator.settle(payload, wanted).model_dump(by_alias=True, exclude_none=True)

    return answer


def serve(answer: Answer, network: str, *, port: int = _PORT) -> ThreadingHTTPServer:
    """A server on loopback, which has yet to be run."""
    supported = {"kinds": [{"x402Version": 2, "scheme": "exact", "network": network}], "extensions": [], "signers": {}}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, supported) if self.path == "/supported" else self._send(404, {"error": "not found"})

        def do_POST(self) -> None:
            step, length = self.path[1:], self.headers.get("content-length", "")
            if step not in ("verify", "settle"):
                return self._send(404, {"error": "not found"})
            if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
                return self._send(413, {"error": "too large"})
            try:
                return self._send(200, answer(step, json.loads(self.rfile.read(int(length)))))
            except (ValueError, KeyError, TypeError):
                return self._send(400, {"error": "not a payment"})
            except Exception as error:  # whatever the node or the library meets, the caller learns that it is not known
                print(f"{step} failed: {type(error).__name__}", file=sys.stderr)
                return self._send(502, {"error": "the chain could not be asked"})

        def _send(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return ThreadingHTTPServer((_HOST, port), Handler)


def main() -> None:
    missing = [name for name in _NEEDED if not os.environ.get(name)]
    if missing:
        sys.exit(
            f"Set {', '.join(missing)}: the key that pays the gas, a node of the chain, and its name (eip155:8453)."
        )
    key, rpc_url, network = (os.environ[name] for name in _NEEDED)
    port = int(os.environ.get("SKILLYARD_FACILITATOR_PORT", _PORT))
    try:
        answer = open_facilitator(key=key, rpc_url=rpc_url, network=network)
    except ImportError:
        sys.exit("Install the extra: uv pip install 'skillyard[x402]'")
    with serve(answer, network, port=port) as server:
        print(f"http://{_HOST}:{server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
