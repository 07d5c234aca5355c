"""A TON network of one's own on loopback: the real virtual machine, spoken to as one speaks to toncenter."""

from __future__ import annotations

import contextlib
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.tools import node, npm_install

SANDBOX = "0.41.0"
PINNED = {"@ton/core": "0.63.1", "@ton/crypto": "3.3.0"}

# The words of a wallet that exists on no network but this one: it holds nothing elsewhere, anybody can read them here.
WALLET_WORDS = (
    "thank response kidney rapid gadget ozone accuse tunnel raw shift window blossom"
    " jealous gather twin solar flat pretty chronic harvest change leave tiger age"
)


@dataclass(frozen=True)
class TonPeer:
    url: str

    def reset(self) -> None:
        """An empty network again, without faults, with the clock of this machine."""
        self._post("reset")

    def send(
        self, to: str, nano: int, comment: str | None = None, *, bounce: bool = False, body: str | None = None
    ) -> list[dict[str, Any]]:
        """Pay from the network's own wealth, with a comment or a body (a BoC). Returns the receiver's side of it."""
        wanted = {"to": to, "nano": str(nano), "comment": comment, "bounce": bounce, "body": body}
        sent = self._post("send", **{name: value for name, value in wanted.items() if value is not None})
        return list(sent["transactions"])

    def a_contract_that_rejects(self) -> str:
        """The raw address of a new contract that throws at every message, so that what can bounce does."""
        return str(self._post("rejecting")["address"])

    def set_time(self, *, ahead_s: int = 0, fixed_s: int | None = None) -> int:
        """Let the network's clock go ahead of this machine's, or stand still. Returns its time."""
        return int(self._post("time", ahead_s=ahead_s, fixed=fixed_s)["now"])

    def fail(self, *, path: str = "", times: int = 1, **how: Any) -> None:
        """The next calls of paths that end so: `status=429`, `drop_reply=True` (it is done, nobody is told), or
        `answer={…}`."""
        self.misbehave(next=[{"path": path, "times": times, **how}])

    def misbehave(self, **faults: Any) -> None:
        """From now on: `pending` (new transactions are not final), `duplicate`, `reverse`, `hidden_lts`, `lag_s`,
        `global_id`; nothing: behave well."""
        self._post("faults", **faults)

    def settle(self) -> None:
        """Make every transaction final."""
        self._post("settle")

    def last_key(self) -> str | None:
        """The key with which the API was called last."""
        found = self._post("key")["key"]
        return None if found is None else str(found)

    def account(self, address: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/api/v2/getAddressInformation?address={address}", timeout=10) as answer:
            return dict(json.load(answer)["result"])

    def balance(self, address: str) -> int:
        return int(self.account(address)["balance"])

    def transactions(self, address: str) -> list[dict[str, Any]]:
        """Newest first."""
        url = f"{self.url}/api/v3/transactions?account={address}&limit=1000&sort=desc"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return list(json.load(answer)["transactions"])

    def _post(self, hook: str, **body: Any) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.url}/_test/{hook}", data=json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return dict(json.load(answer))


@contextlib.contextmanager
def running_ton_peer(port: int = 0) -> Iterator[TonPeer]:
    """Running until the end of the block."""
    package = npm_install("@ton/sandbox", SANDBOX, overrides=PINNED)
    script = Path(__file__).with_name("peer.mjs")
    command = [node(), script, package, str(port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield TonPeer(url=json.loads(process.stdout.readline())["url"])
    finally:
        process.terminate()
        process.wait(timeout=10)
