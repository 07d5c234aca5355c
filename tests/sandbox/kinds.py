"""The kinds of sandboxes that can be opened on this machine, each with what it needs around it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skillyard.infra.outbound import Bounds, Outbound
from skillyard.sandbox.choose import open_sandbox
from skillyard.sandbox.model import Sandbox
from tests.sandbox.cluster import TOKEN, Cluster, cluster
from tests.sandbox.e2b_peer import KEY, Peer, running_e2b

_IMAGE = os.environ.get("SKILLYARD_TEST_IMAGE")  # one with Python and Node, where an engine runs
_HAS_MACHINES = os.geteuid() == 0  # for those of the E2B on loopback
ELSEWHERE = ["kubernetes", *(["e2b"] if _HAS_MACHINES else []), *(["container"] if _IMAGE else [])]


@contextmanager
def open_elsewhere(kind: str) -> Iterator[Sandbox]:
    """One of `ELSEWHERE`."""
    if kind == "container":
        options = {"image": str(_IMAGE), "engine": os.environ.get("SKILLYARD_TEST_ENGINE", "")}
        yield open_sandbox(kind, options=options)
        return
    if kind == "e2b":
        with running_e2b() as peer, tempfile.TemporaryDirectory() as folder, open_at_e2b(peer, Path(folder)) as opened:
            yield opened
        return
    with cluster() as served, tempfile.TemporaryDirectory() as folder, open_in_cluster(served, Path(folder)) as opened:
        yield opened


@contextmanager
def open_in_cluster(served: Cluster, folder: Path, *, token: str = TOKEN, **options: str) -> Iterator[Sandbox]:
    (folder / "token").write_text(f"{token}\n")
    outbound = Outbound(http_loopback=True, bounds=Bounds(max_bytes=32 * 1024 * 1024))
    server = {"server": f"http://127.0.0.1:{served.port}", "namespace": "runs", "token_file": str(folder / "token")}
    sandbox = open_sandbox("kubernetes", options=server | options, connect=outbound.request)
    try:
        yield sandbox
    finally:
        sandbox.close()


@contextmanager
def open_at_e2b(peer: Peer, folder: Path, *, key: str = KEY, **options: str) -> Iterator[Sandbox]:
    (folder / "key").write_text(f"{key}\n")
    outbound = Outbound(http_loopback=True, bounds=Bounds(max_bytes=32 * 1024 * 1024))
    there = {"api_url": peer.url, "sandbox_url": peer.url, "api_key_file": str(folder / "key")}
    sandbox = open_sandbox("e2b", options=there | options, connect=outbound.request)
    try:
        yield sandbox
    finally:
        sandbox.close()
