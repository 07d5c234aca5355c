"""The facilitator as a program: what it says when it is not set up, and what it does with what is no payment."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from skillyard.operate.facilitator import MAX_BODY_BYTES, open_facilitator, serve
from tests.peers.chain.driver import GAS_KEY, NETWORK


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of one whose node is away."""
    answer = open_facilitator(key=GAS_KEY, rpc_url="http://127.0.0.1:1", network=NETWORK)
    with serve(answer, NETWORK, port=0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def test_it_says_what_it_takes(port: int) -> None:
    status, content = ask(port, "GET", "/supported")
    assert (status, content["kinds"]) == (200, [{"x402Version": 2, "scheme": "exact", "network": NETWORK}])


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'"x"', b"null", b'{"paymentPayload": 1}', b"\xff\xfe"])
@pytest.mark.parametrize("step", ["/verify", "/settle"])
def test_what_is_no_payment_is_refused(port: int, step: str, body: bytes) -> None:
    assert ask(port, "POST", step, body)[0] == 400


def test_other_addresses_and_too_much_are_refused(port: int) -> None:
    assert ask(port, "GET", "/verify")[0] == 404
    assert ask(port, "POST", "/supported", b"{}")[0] == 404
    assert ask(port, "POST", "/verify", b"x" * (MAX_BODY_BYTES + 1))[0] == 413
    assert ask(port, "POST", "/verify", b"", **{"content-length": "-1"})[0] == 413


def test_without_its_settings_it_says_which_are_missing() -> None:
    command = [sys.executable, "-m", "skillyard.operate.facilitator"]
    ran = subprocess.run(command, capture_output=True, text=True, env={"PATH": ""}, timeout=60, check=False)
    assert ran.returncode == 1
    assert "SKILLYARD_FACILITATOR_KEY" in ran.stderr
