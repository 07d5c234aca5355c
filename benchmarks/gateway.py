"""Calls of an integration through the gateway, beside the same calls made directly to an upstream in a process of its
own: what the gateway adds to one call, and how many it makes in a second.

python -m benchmarks.gateway
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.measure import Result, alternate, ratio, report
from benchmarks.peers import Peer, debian_program, free_port, skillyard, wait_for
from skillyard.sdk import config
from skillyard.sdk.client import Client

ONE_BY_ONE = 300
SECONDS = 3
CONNECTIONS = 16
READ = {"repo": "acme/webapp", "state": "open", "per_page": 30}
WRITE = {"repo": "acme/webapp", "title": "The search finds nothing", "labels": ["bug"]}
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Target:
    """One call, as it is made again and again. `pid`: of the server that makes it."""

    url: str
    token: str
    body: Any
    pid: int = 0

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}", "content-type": "application/json"}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, _upstream() as there, _server(Path(folder), there) as here:
        calls = f"{here.url}/api/v1/calls/github"
        token = _token(here)
        targets = {
            "direct": Target(url=f"{there}/repos/acme/webapp/issues", token="none", body=WRITE),
            "reads": Target(url=f"{calls}/list_issues", token=token, body={"params": READ}, pid=here.pid),
            "writes": Target(url=f"{calls}/create_issue", token=token, body={"params": WRITE}, pid=here.pid),
        }
        tails: dict[str, list[float]] = {name: [] for name in targets}
        one = alternate(
            {name: lambda name=name: _one_by_one(targets[name], tails[name]) for name in targets},  # type: ignore[misc]
            unit="ms, one by one",
        )
        used_ms: dict[str, list[float]] = {name: [] for name in targets}
        many = alternate(
            {name: lambda name=name: _at_once(targets[name], Path(folder), used_ms[name]) for name in targets},  # type: ignore[misc]
            unit=f"calls/s, {CONNECTIONS} at once",
        )
    ratios = {f"{name} add, p50 in ms": (_added(one, name), "<= 5") for name in ("reads", "writes")}
    for name in ("reads", "writes"):
        added = statistics.median(ours - direct for ours, direct in zip(tails[name], tails["direct"], strict=True))
        ratios |= {
            f"{name} add, p95 in ms": (added, ""),
            f"{name}, our CPU in ms a call": (statistics.median(used_ms[name]), ""),
            f"{name} / direct": (ratio(many[name], many["direct"]), ""),
        }
    ratios["reads a second"] = (many["reads"].median, ">= 500")
    shown = {f"{name}, one by one": result for name, result in one.items()} | dict(many)
    report(f"gateway, {CONNECTIONS} at once", shown, ratios)


def _added(results: dict[str, Result], name: str) -> float:
    """What a call takes longer than a direct one, round by round."""
    pairs = zip(results[name].figures, results["direct"].figures, strict=True)
    return statistics.median(ours - direct for ours, direct in pairs)


@contextlib.contextmanager
def _upstream() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.gateway_upstream", str(port)])
    try:
        wait_for(f"http://127.0.0.1:{port}/")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def _server(folder: Path, upstream: str) -> Iterator[Peer]:
    """Ours, with an account connected."""
    settings = {
        "SKILLYARD_INTEGRATIONS__GITHUB__BASE_URL": upstream,
        "SKILLYARD_OUTBOUND_HTTP_LOOPBACK": "true",
        "SKILLYARD_GATEWAY_CALLS_PER_MINUTE": "100000000",
    }
    with skillyard(folder, port=0, **settings) as server:
        with Client(server.url, _token(server)) as client:
            client.send_json("POST", "/connections", {"integration": "github", "secrets": {"secret": "ghp_benchmark"}})
        yield server


def _token(server: Peer) -> str:
    os.environ["SKILLYARD_CONFIG_DIR"] = server.environment["SKILLYARD_CONFIG_DIR"]
    token = config.choose_registry(server.url, None).token
    assert token is not None, "the benchmark is signed in"
    return token


def _one_by_one(target: Target, tails: list[float]) -> float:
    """The median of calls on one connection, in milliseconds; `tails` gets their p95."""
    parts = urlsplit(target.url)
    connection = http.client.HTTPConnection(parts.netloc)
    body, took_ms = json.dumps(target.body), []
    for _ in range(ONE_BY_ONE):
        began = time.perf_counter()
        connection.request("POST", parts.path, body, target.headers)
        answer = connection.getresponse()
        text = answer.read()
        took_ms.append(1000 * (time.perf_counter() - began))
        assert answer.status == 200, text
    connection.close()
    tails.append(statistics.quantiles(took_ms, n=20)[-1])
    return statistics.median(took_ms)


def _at_once(target: Target, folder: Path, used_ms: list[float]) -> float:
    """Calls a second, by wrk; `used_ms` gets the server's processor time for one."""
    script = folder / "call.lua"
    lines = [f"wrk.method = 'POST'\nwrk.body = [==[{json.dumps(target.body)}]==]"]
    lines += [f"wrk.headers['{name}'] = '{value}'" for name, value in target.headers.items()]
    script.write_text("\n".join(lines))
    command = [debian_program("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), target.url]
    before_ms = _cpu_ms(target.pid)
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    spent_ms = _cpu_ms(target.pid) - before_ms
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(f"{target.url} did not answer well:\n{out}")
    made = int(next(line.split()[0] for line in out.splitlines() if " requests in " in line))
    used_ms.append(spent_ms / made)
    return float(next(line.split()[1] for line in out.splitlines() if line.startswith("Requests/sec")))


def _cpu_ms(pid: int) -> float:
    """What a process has used so far; 0 for none."""
    if not pid:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / _TICKS


if __name__ == "__main__":
    main()
