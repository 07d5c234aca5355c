"""A stand-in for Nevermined's API on loopback: one plan, its holders, tokens by which they let credits be taken.

Shapes: what payments-py 1.18.0 sends and reads (`recorded.json`, by `record.py`). It keeps every request that it got.
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

PLAN = "105612563490"
API_KEY = "nvm-key-of-the-operator"
NETWORK = "eip155:84532"
HOLDER = "0x" + "a1" * 20
Accident = Literal["refuse", "lose_answer", "lose_request", "error", "nonsense"]


@dataclass
class Nevermined:
    """`accidents`: what happens to the next requests to a path. `taken`: credits taken for us, by holder."""

    url: str = ""
    balances: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    accidents: list[tuple[str, Accident]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    key: str = API_KEY
    lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self, holder: str = HOLDER, plan: str = PLAN) -> str:
        """By which the holder lets credits be taken: base64 of JSON, as Nevermined's access tokens."""
        accepted = {"scheme": "nvm:erc4337", "network": NETWORK, "planId": plan, "extra": {"version": "1"}}
        content = {"x402Version": 2, "accepted": accepted, "payload": {"authorization": {"from": holder}}}
        return base64.b64encode(json.dumps(content).encode()).decode()

    def order(self, accident: Accident, path: str, *, times: int = 1) -> None:
        self.accidents += [(path, accident)] * times

    def accident_for(self, path: str) -> Accident | None:
        for at, (where, accident) in enumerate(self.accidents):
            if where in path:
                del self.accidents[at]
                return accident
        return None

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if method == "GET" and "/balance/" in path:
            holder = path.rpartition("/")[2].lower()
            there = self.balances[holder]
            return 200, {
                "planId": PLAN, "planType": "credits", "planName": "Skills", "holderAddress": holder,
                "balance": str(there), "isSubscriber": there > 0, "pricePerCredit": 1, "creditsContract": HOLDER,
            }  # fmt: skip
        if method == "GET" and path == f"/api/v1/protocol/plans/{PLAN}":
            return 200, {"id": PLAN}
        if method == "POST" and path in ("/api/v1/x402/verify", "/api/v1/x402/settle"):
            return self.facilitate(path.rpartition("/")[2], body)
        return 404, {"message": "not found"}

    def facilitate(self, step: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        content = json.loads(base64.b64decode(body["x402AccessToken"]))
        holder, amount = content["payload"]["authorization"]["from"].lower(), int(body["maxAmount"])
        wanted = body["paymentRequired"]["accepts"][0]
        is_good = wanted["planId"] == content["accepted"]["planId"] == PLAN and self.balances[holder] >= amount
        if step == "verify":
            reason = None if is_good else "insufficient credits"
            return 200, {"isValid": is_good, "invalidReason": reason, "payer": holder, "agentRequestId": None}
        if not is_good:
            return 200, {"success": False, "errorReason": "insufficient credits", "transaction": "", "network": NETWORK}
        self.balances[holder] -= amount
        self.taken[holder] += amount
        return 200, {
            "success": True, "payer": holder, "transaction": f"0x{len(self.requests):064x}", "network": NETWORK,
            "creditsRedeemed": str(amount), "remainingBalance": str(self.balances[holder]),
        }  # fmt: skip


def _handler(peer: Nevermined) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply("GET", b"")

        def do_POST(self) -> None:
            self.reply("POST", self.rfile.read(int(self.headers.get("content-length") or 0)))

        def reply(self, method: str, raw: bytes) -> None:
            body = json.loads(raw) if raw else {}
            with peer.lock:
                authorization = self.headers.get("authorization")
                peer.requests.append(
                    {"method": method, "path": self.path, "authorization": authorization, "body": body}
                )
                accident = peer.accident_for(self.path)
                if accident == "lose_request":
                    return self.close()
                may = method == "GET" or authorization == f"Bearer {peer.key}"
                status, said = peer.answer(method, self.path, body) if may else (401, {"message": "who are you?"})
            if accident == "lose_answer":
                return self.close()
            if accident in ("error", "refuse"):
                status = 500 if accident == "error" else 402
            return self.send(status, b"<html>" if accident == "nonsense" else json.dumps(said).encode())

        def close(self) -> None:
            self.close_connection = True

        def send(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@contextlib.contextmanager
def running_nevermined() -> Iterator[Nevermined]:
    peer = Nevermined()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(peer))
    peer.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
