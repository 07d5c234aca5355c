"""Publish of a 60-file skill beside verdaccio's publish of the same files; both over plain HTTP, each a new name.

python -m benchmarks.publish
"""

from __future__ import annotations

import itertools
import json
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks.measure import alternate, ratio, report
from benchmarks.peers import Peer, skillyard, verdaccio
from benchmarks.samples import npm_document, put_npm, skill_folder
from skillyard.sdk.package import read_package, write_package

FILES = 60
PER_ROUND = 20
BOUNDARY = "benchmark-boundary"


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with skillyard(folder / "ours") as ours, verdaccio(folder / "verdaccio") as theirs:
            config = json.loads((folder / "ours" / "config" / "config.json").read_text())
            token = next(iter(config["logins"].values()))["token"]
            results = alternate(
                {
                    "skillyard": _ours(ours, token, folder, itertools.count()),
                    "verdaccio": _theirs(theirs, folder, itertools.count()),
                },
                unit="ms",
            )
    report(
        f"publish, {FILES} files",
        results,
        {"/ verdaccio": (ratio(results["skillyard"], results["verdaccio"]), "<= 1.0, aim 0.3")},
    )


def _ours(peer: Peer, token: str, folder: Path, numbers: itertools.count[int]):  # type: ignore[no-untyped-def]
    def run() -> float:
        names = [f"sample-{next(numbers)}" for _ in range(PER_ROUND)]
        bodies = {}
        for name in names:
            package = read_package(skill_folder(folder / name, name, files=FILES - 1))
            bodies[name] = _form(write_package(package, folder / f"{name}.zip").read_bytes())
        began = time.perf_counter()
        for name, body in bodies.items():
            _post(f"{peer.url}/api/v1/skills/bench/{name}/releases", token, body)
        return (time.perf_counter() - began) * 1000 / PER_ROUND

    return run


def _form(archive: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="archive"; filename="a.zip"\r\n\r\n'
    return head.encode() + archive + f"\r\n--{BOUNDARY}--\r\n".encode()


def _post(url: str, token: str, body: bytes) -> None:
    headers = {"authorization": f"Bearer {token}", "content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    urllib.request.urlopen(urllib.request.Request(url, data=body, method="POST", headers=headers)).read()


def _theirs(peer: Peer, folder: Path, numbers: itertools.count[int]):  # type: ignore[no-untyped-def]
    def run() -> float:
        names = [f"sample-{next(numbers)}" for _ in range(PER_ROUND)]
        bodies = {
            name: npm_document(
                peer.url, name, "1.0.0", folder=skill_folder(folder / f"npm-{name}", name, files=FILES - 1)
            )
            for name in names
        }
        began = time.perf_counter()
        for name, body in bodies.items():
            put_npm(peer, name, body)
        return (time.perf_counter() - began) * 1000 / PER_ROUND

    return run


if __name__ == "__main__":
    main()
