"""Starts the servers that we are measured against, and our own, each in a scratch folder on a free port."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.tools import node, npm_install

VERDACCIO = "6.10.4"
_START_S = 30


@dataclass(frozen=True)
class Peer:
    """A running server; `pid` of its process, where that is known."""

    url: str
    folder: Path
    environment: dict[str, str]
    pid: int = 0


@contextlib.contextmanager
def skillyard(folder: Path, *, port: int = 0, **settings: str) -> Iterator[Peer]:
    """Our server as a user starts it, with a signed-in client whose settings are in `environment`."""
    environment = os.environ | {
        "SKILLYARD_DATA_DIR": str(folder / "server"),
        "SKILLYARD_CONFIG_DIR": str(folder / "config"),
        "SKILLYARD_CACHE_DIR": str(folder / "cache"),
        "SKILLYARD_READS_PER_MINUTE": "100000000",
        "SKILLYARD_WRITES_PER_MINUTE": "100000000",
        **settings,
    }
    command = [sys.executable, "-m", "skillyard.operate", "serve", "--port", str(port), "--json"]
    with _running(command, environment, stdout=subprocess.PIPE) as process:
        announced = json.loads(_json_from(process))
        environment["SKILLYARD_REGISTRY"] = announced["address"]
        login = [sys.executable, "-m", "skillyard.cli.main", "login", "--link", announced["sign_in_link"]]
        subprocess.run([*login, "--username", "bench"], env=environment, check=True, stdout=subprocess.DEVNULL)
        yield Peer(announced["address"], folder, environment, process.pid)


@contextlib.contextmanager
def verdaccio(folder: Path) -> Iterator[Peer]:
    """The npm registry that teams host themselves, with publishing open to all and no uplinks."""
    modules = npm_install("verdaccio", VERDACCIO, overrides={"node-fetch": "2.7.0"})
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.yaml"
    config.write_text(
        f"storage: {folder}/storage\n"
        "auth:\n  htpasswd:\n    file: ./htpasswd\n"
        "packages:\n  '**':\n    access: $all\n    publish: $all\n"
        "max_body_size: 100mb\n"
        "log: {type: stdout, format: json, level: error}\n"
        "userRateLimit: {windowMs: 1000, max: 1000000}\n"
    )
    port = free_port()
    script = modules / "node_modules" / "verdaccio" / "bin" / "verdaccio"
    command = [str(node()), str(script), "--config", str(config), "--listen", f"127.0.0.1:{port}"]
    with _running(command, dict(os.environ)):
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/-/ping")
        yield Peer(url, folder, dict(os.environ))


@contextlib.contextmanager
def nginx(folder: Path, root: Path) -> Iterator[Peer]:
    """nginx with one worker serving the files of `root`."""
    program = debian_program("nginx")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(
        "daemon off; worker_processes 1; pid nginx.pid; error_log stderr crit;\n"
        "events { worker_connections 1024; }\n"
        "http { access_log off; sendfile on; etag on; default_type application/json; keepalive_requests 1000000;\n"
        f"  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fcgi;\n"
        f"  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n"
        f"  server {{ listen 127.0.0.1:{port}; root {root}; }} }}\n"
    )
    folder.chmod(0o755)
    with _running([program, "-p", str(folder), "-c", str(config)], dict(os.environ)):
        wait_for(f"http://127.0.0.1:{port}/")
        yield Peer(f"http://127.0.0.1:{port}", folder, dict(os.environ))


def requests_per_second(url: str, *, seconds: int = 2, connections: int = 16) -> float:
    """Successful answers per second, by wrk with one thread."""
    program = debian_program("wrk")
    command = [program, "-t1", f"-c{connections}", f"-d{seconds}s", url]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(f"{url} did not answer well:\n{out}")
    return float(next(line.split()[1] for line in out.splitlines() if line.startswith("Requests/sec")))


def debian_program(name: str) -> str:
    """A program of the system; installed from Debian's packages when missing and allowed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        subprocess.run(["apt-get", "install", "-y", "-q", name], check=True, stdout=subprocess.DEVNULL)
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        raise RuntimeError(f"{name} is needed for this benchmark; install it.")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str) -> None:
    """Until the server answers anything."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{url} did not come up")


@contextlib.contextmanager
def _running(
    command: list[str], environment: dict[str, str], stdout: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, env=environment, stdout=stdout, text=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


def _json_from(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        with contextlib.suppress(ValueError):
            json.loads(text)
            return text
    raise RuntimeError("the server did not start")
