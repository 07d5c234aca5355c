"""A chain of one's own on loopback (anvil), a dollar token on it, and people who sign payments by x402's own client."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_utils.address import to_checksum_address
from x402 import x402ClientSync
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.schemas import PaymentRequired

from skillyard.operate.facilitator import open_facilitator, serve
from tests.tools import node, npm_install

sys.setrecursionlimit(1000)  # py_ecc, which eth_account imports, raises it for all tests that follow
CHAIN_ID = 84532
NETWORK = f"eip155:{CHAIN_ID}"
# The first three accounts that anvil makes from its well-known test phrase.
RICH_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
GAS_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
BUYER_KEY = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"
RICH, BUYER = Account.from_key(RICH_KEY).address, Account.from_key(BUYER_KEY).address
SHOP = to_checksum_address("0x" + "5a" * 20)
_MINT, _BALANCE_OF = "0x40c10f19", "0x70a08231"  # selectors of mint(address,uint256), balanceOf(address)
_ANVIL = "@foundry-rs/anvil-linux-amd64"
_HERE = Path(__file__).parent


@dataclass
class Chain:
    """`loses`: how many answers of the facilitator to `settle` are lost after it did its work; `away`: it is gone."""

    rpc_url: str
    token: str = ""
    facilitator_url: str = ""
    loses: int = 0
    away: bool = False
    settled: list[dict[str, Any]] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=itertools.count)

    def rpc(self, method: str, *parameters: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": parameters}
        asked = urllib.request.Request(
            self.rpc_url, json.dumps(body).encode(), headers={"content-type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            said = json.load(answer)
        if "error" in said:
            raise RuntimeError(said["error"])
        return said["result"]

    def send(self, transaction: dict[str, str]) -> dict[str, Any]:
        sent = self.rpc("eth_sendTransaction", {"from": RICH, "gas": hex(3_000_000), **transaction})
        for _ in range(200):
            receipt: dict[str, Any] | None = self.rpc("eth_getTransactionReceipt", sent)
            if receipt is not None:
                assert receipt["status"] == "0x1"
                return receipt
            time.sleep(0.05)
        raise RuntimeError(f"{sent} is not mined")

    def mint(self, owner: str, units: int) -> None:
        self.send({"to": self.token, "data": f"{_MINT}{owner[2:].lower():0>64}{units:064x}"})

    def balance(self, owner: str) -> int:
        """Of the token, in millionths of a dollar."""
        asked = {"to": self.token, "data": f"{_BALANCE_OF}{owner[2:].lower():0>64}"}
        return int(self.rpc("eth_call", asked, "latest"), 16)

    def sign(self, payment_required: dict[str, Any], key: str = BUYER_KEY) -> str:
        """The token by which somebody pays what is asked for, made by x402's own client."""
        client = x402ClientSync()
        register_exact_evm_client(client, Account.from_key(key))
        client.set_spend_controls(False)
        made = client.create_payment_payload(PaymentRequired.model_validate(payment_required))
        return base64.b64encode(made.model_dump_json(by_alias=True, exclude_none=True).encode()).decode()


@contextlib.contextmanager
def running_chain() -> Iterator[Chain]:
    """With the token on it, and a facilitator of its own beside it."""
    program = (
        npm_install("@foundry-rs/anvil-linux-amd64", "1.7.1") / "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(program), "--host", "127.0.0.1", "--port", str(port), "--chain-id", str(CHAIN_ID), "--silent"]
    anvil = subprocess.Popen(command)
    try:
        chain = Chain(f"http://127.0.0.1:{port}")
        _wait(chain)
        chain.token = chain.send({"data": f"0x{_bytecode()}"})["contractAddress"]
        with _facilitator(chain) as chain.facilitator_url:
            yield chain
    finally:
        anvil.kill()
        anvil.wait()


def _wait(chain: Chain) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            chain.rpc("eth_chainId")
            return
        time.sleep(0.05)
    raise RuntimeError("anvil does not answer")


def _bytecode() -> str:
    made = subprocess.run(
        [str(node()), str(_HERE / "compile.mjs"), str(npm_install("solc", "0.8.37"))],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return made.stdout


@contextlib.contextmanager
def _facilitator(chain: Chain) -> Iterator[str]:
    answer = open_facilitator(key=GAS_KEY, rpc_url=chain.rpc_url, network=NETWORK)

    def unreliable(step: str, body: dict[str, Any]) -> dict[str, Any]:
        if chain.away:
            raise OSError("gone")
        said = answer(step, body)
        if step == "settle":
            chain.settled.append(said)
            if chain.loses:
                chain.loses -= 1
                raise OSError("the answer is lost")
        return said

    with serve(unreliable, NETWORK, port=0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
