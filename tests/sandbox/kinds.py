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

_IMAGE = os.environ.get("SKILLYARD_TEST_IMAGE")  # one with Python and Node, where an engine runs
ELSEWHERE = ["kubernetes", *(["container"] if _IMAGE else [])]


@contextmanager
def open_elsewhere(kind: str) -> Iterator[Sandbox]:
    """One of `ELSEWHERE`."""
    if kind == "container":
        options = {"image": str(_IMAGE), "engine": os.environ.get("SKILLYARD_TEST_ENGINE", "")}
        yield open_sandbox(kind, options=options)
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
