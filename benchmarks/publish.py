"""Publish of a 60-file skill beside verdaccio's publish of the same files; both over plain HTTP, each a new name.

python -m benchmarks.publish
"""

from __future__ import annotations

import itertools
import json
import tempfile
import time
from pathlib import Path

from benchmarks.measure import alternate, ratio, report
from benchmarks.peers import Peer, skillyard, verdaccio
from benchmarks.samples import npm_document, put_npm, skill_folder
from skillyard.sdk.client import Client
from skillyard.sdk.package import read_package, write_package

FILES = 60
PER_ROUND = 10


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with skillyard(folder / "ours") as ours, verdaccio(folder / "verdaccio") as theirs:
            config = json.loads((folder / "ours" / "config" / "config.json").read_text())
            token = next(iter(config["logins"].values()))["token"]
            with Client(ours.url, token) as client:
                results = alternate(
                    {
                        "skillyard": _ours(client, folder, itertools.count()),
                        "verdaccio": _theirs(theirs, folder, itertools.count()),
                    },
                    unit="ms",
                )
    report(
        f"publish, {FILES} files",
        results,
        {"/ verdaccio": (ratio(results["skillyard"], results["verdaccio"]), "<= 1.0, aim 0.3")},
    )


def _ours(client: Client, folder: Path, numbers: itertools.count[int]):  # type: ignore[no-untyped-def]
    def run() -> float:
        names = [f"sample-{next(numbers)}" for _ in range(PER_ROUND)]
        archives = {}
        for name in names:
            package = read_package(skill_folder(folder / name, name, files=FILES - 1))
            archives[name] = write_package(package, folder / f"{name}.zip")
        began = time.perf_counter()
        for name, archive in archives.items():
            client.publish(f"bench/{name}", archive)
        return (time.perf_counter() - began) * 1000 / PER_ROUND

    return run


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
