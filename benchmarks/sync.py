"""Sync 500 skills of which 20 changed: round trips, bytes and time, beside git, and beside asking for each skill.

python -m benchmarks.sync
"""

from __future__ import annotations

import http.client
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.measure import Result, alternate, ratio, report
from benchmarks.peers import Peer, free_port, skillyard
from benchmarks.samples import skill_folder
from skillyard.skill.archive import pack
from skillyard.skill.folder import read_folder

SKILLS, CHANGED, ROUNDS = 500, 20, 3
_REQUESTS = (b"GET /", b"POST /")


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder, port = Path(scratch), free_port()
        with (
            _counted(port) as (address, traffic),
            skillyard(folder / "ours", port=port, SKILLYARD_PUBLIC_URL=address) as peer,
        ):
            writer, reader = _machine(peer, folder / "writer"), _machine(peer, folder / "reader")
            repository = _Repository(folder / "git")
            for number in range(SKILLS):
                skill_folder(writer.skills / f"skill-{number}", f"skill-{number}")
            writer.sync()
            reader.sync()
            repository.fill(writer.skills)
            _compare(writer, reader, repository, traffic)
            _measure_server(peer, reader)


@dataclass
class _Traffic:
    """What went through the relay: from the client as requests, to it in bytes."""

    requests: int = 0
    received_bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reset(self) -> None:
        self.requests = self.received_bytes = 0

    def sent(self, data: bytes) -> None:
        with self._lock:
            self.requests += data.startswith(_REQUESTS)

    def received(self, data: bytes) -> None:
        with self._lock:
            self.received_bytes += len(data)


@dataclass(frozen=True)
class _Machine:
    """A home folder with a signed-in client of its own."""

    home: Path
    environment: dict[str, str]

    @property
    def skills(self) -> Path:
        return self.home / ".agents" / "skills"

    def sync(self) -> float:
        command = [sys.executable, "-m", "skillyard.cli.main", "sync", "--agent", "agents", "--yes", "--json"]
        began = time.perf_counter()
        done = subprocess.run(command, env=self.environment, cwd=self.home, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return time.perf_counter() - began

    def sync_cpu(self) -> float:
        """Processor time of the client, which other work on the machine does not stretch."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.sync()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@dataclass(frozen=True)
class _Repository:
    """The same folders in git: one clone that pushes, one that pulls, and the repository between them on this disk."""

    folder: Path

    def fill(self, skills: Path) -> None:
        self.folder.mkdir()
        self._git(self.folder, "init", "-q", "--bare", "-b", "main", "between")
        shutil.copytree(skills, self.folder / "writer")
        self._git(self.folder / "writer", "init", "-q", "-b", "main")
        self._git(self.folder / "writer", "remote", "add", "origin", "../between")
        self.push(skills)
        self._git(self.folder, "clone", "-q", "between", "reader")

    def push(self, skills: Path) -> None:
        writer = self.folder / "writer"
        shutil.copytree(skills, writer, dirs_exist_ok=True)
        self._git(writer, "add", "-A")
        self._git(writer, "-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "-q", "-m", "changed")
        self._git(writer, "push", "-q", "origin", "main")

    def pull(self) -> float:
        began = time.perf_counter()
        self._git(self.folder / "reader", "pull", "-q", "origin", "main")
        return time.perf_counter() - began

    def _git(self, folder: Path, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def _compare(writer: _Machine, reader: _Machine, repository: _Repository, traffic: _Traffic) -> None:
    """Each round edits 20 skills on one machine; the other gets them by sync, and by git."""
    rounds = iter(range(1000))

    def ours() -> float:
        _edit(writer.skills, next(rounds))
        writer.sync()
        repository.push(writer.skills)
        traffic.reset()
        return reader.sync()

    results = alternate({"skillyard": ours, "git pull": repository.pull}, unit="s", rounds=ROUNDS)
    against = ratio(results["skillyard"], results["git pull"])
    requests, received = traffic.requests, traffic.received_bytes / _archive_bytes(reader)
    results["nothing changed, CPU"] = Result("nothing changed, CPU", "s", (reader.sync_cpu(), reader.sync_cpu()))
    report(
        f"sync of {SKILLS} skills, {CHANGED} changed",
        results,
        {
            "/ git pull, same disk": (against, "none"),
            "requests": (requests, f"= {3 + CHANGED}: two, one per archive, one for their proofs"),
            "bytes / changed archives": (received, "none"),
        },
    )


def _edit(skills: Path, round_number: int) -> None:
    for number in range(CHANGED):
        path = skills / f"skill-{number}" / "SKILL.md"
        path.write_text(path.read_text() + f"Edited in round {round_number}.\n")


def _archive_bytes(reader: _Machine) -> int:
    """Of the skills that each round changes."""
    return sum(len(pack(read_folder(reader.skills / f"skill-{number}"))) for number in range(CHANGED))


def _measure_server(peer: Peer, reader: _Machine) -> None:
    """What the server takes for an answer over all skills, and for one per skill, on a connection that stays."""
    connection = http.client.HTTPConnection(urlsplit(peer.url).netloc)
    config = json.loads((Path(peer.environment["SKILLYARD_CONFIG_DIR"]) / "config.json").read_text())
    headers = {"authorization": f"Bearer {next(iter(config['logins'].values()))['token']}"}
    state = _state(reader)
    known = [one["name"] for one in state]
    local = [{key: one[key] for key in ("slug", "digest", "name")} for one in state]

    def ask(method: str, path: str, question: Any = None) -> Callable[[], float]:
        def run() -> float:
            body = None if question is None else json.dumps(question)
            began = time.perf_counter()
            connection.request(method, f"/api/v1{path}", body, {**headers, "content-type": "application/json"})
            with connection.getresponse() as answer:
                if answer.read() and answer.status >= 300:
                    raise RuntimeError(f"{method} {path}: {answer.status}")
            return (time.perf_counter() - began) * 1000

        return run

    calls = {
        "diff": ask("POST", "/drive/diff", {"local": local}),
        "preview": ask("POST", "/drive/sync/preview", {"local": state, "known": known}),
        "begin": ask("POST", "/drive/sync", {"local": state, "known": known, "install_id": "bench"}),
        "one request per skill": lambda: sum(ask("GET", f"/skills/{name}")() for name in known),
    }
    results = alternate(calls, unit="ms", rounds=5 * ROUNDS)
    faster = 1 / ratio(results["diff"], results["one request per skill"])
    computed = {name: _computed_ms(peer.pid, call) for name, call in calls.items()}
    report(
        f"the server's answer over {SKILLS} skills",
        results,
        {
            **{
                f"{name}, CPU ms of the server": (value, "<= 50" if name == "diff" else "none")
                for name, value in computed.items()
            },
            "diff, times faster": (faster, "none"),
        },
    )


def _computed_ms(pid: int, call: Callable[[], float], *, times: int = 20) -> float:
    """Processor time of the server for one call, which other work on the machine does not stretch."""

    def ticks() -> int:
        return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))

    before = ticks()
    for _ in range(times):
        call()
    return (ticks() - before) * 1000 / os.sysconf("SC_CLK_TCK") / times


def _machine(peer: Peer, home: Path) -> _Machine:
    (home / ".agents" / "skills").mkdir(parents=True)
    config = home / ".config" / "skillyard"
    shutil.copytree(peer.environment["SKILLYARD_CONFIG_DIR"], config)
    places = {"HOME": home, "SKILLYARD_CONFIG_DIR": config, "SKILLYARD_CACHE_DIR": home / ".cache"}
    return _Machine(home, {**peer.environment, **{name: str(place) for name, place in places.items()}})


def _state(reader: _Machine) -> list[dict[str, Any]]:
    """What the machine would say of itself, all of it unchanged."""
    digests = {folder.name: read_folder(folder).digest for folder in sorted(reader.skills.iterdir())}
    return [
        {"slug": slug, "digest": digest, "name": f"bench/{slug}", "base_digest": digest, "base_version": "1.0.0"}
        for slug, digest in digests.items()
    ]


@contextmanager
def _counted(port: int) -> Iterator[tuple[str, _Traffic]]:
    """A relay to a port of this machine: its address, and what goes through it."""
    traffic = _Traffic()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_relay_all, args=(listening, port, traffic), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", traffic


def _relay_all(listening: socket.socket, port: int, traffic: _Traffic) -> None:
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        server = socket.create_connection(("127.0.0.1", port))
        for source, sink, seen in ((client, server, traffic.sent), (server, client, traffic.received)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_relay, args=(source, sink, seen), daemon=True).start()


def _relay(source: socket.socket, sink: socket.socket, seen: Callable[[bytes], None]) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 20):
            seen(data)
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main()
