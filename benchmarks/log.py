"""The public log at a million entries: how large a proof is, how long making and checking one takes, and an append.

python -m benchmarks.log [ENTRIES]
"""

from __future__ import annotations

import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from pathlib import Path

from benchmarks.measure import Result, report
from skillyard.api.native.wire.log import show_proofs
from skillyard.app import App, build
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.transparency.append import append
from skillyard.domain.transparency.model import Proofs
from skillyard.domain.transparency.prove import prove
from skillyard.sdk.log_memory import Memory
from skillyard.sdk.log_proofs import read_answer
from skillyard.settings import Settings
from skillyard.skill.log.leaf import Kind, Leaf
from skillyard.skill.log.merkle import Node, completed_by, leaf_hash

ENTRIES = 1_000_000
ASKED = 200
INSTALL = 20  # releases that one install asks for at once
_AT_ONCE = 10_000


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    with tempfile.TemporaryDirectory() as scratch:
        app = build(Settings(data_dir=Path(scratch)))
        _fill(app, count)
        old = _known(app, prove(app, ANONYMOUS, positions=[]))
        appends = [_milliseconds(lambda n=n: _append(app, n)) for n in range(count, count + ASKED)]
        one = [_one(app, old, 1) for _ in range(ASKED)]
        many = [_one(app, old, INSTALL) for _ in range(ASKED)]
        app.close()
    results = {
        "append": _result("append, in a transaction", "ms", appends),
        "hashes": _result("proof of one entry", "hashes", [hashes for hashes, *_ in one]),
        "bytes": _result("answer for one entry", "bytes", [size for _, size, *_ in one]),
        "prove": _result("make it", "ms", [made for *_, made, _ in one]),
        "check": _result("check it, consistency too", "ms", [checked for *_, checked in one]),
        "install bytes": _result(f"answer for {INSTALL} entries", "bytes", [size for _, size, *_ in many]),
        "install prove": _result("make it for all", "ms", [made for *_, made, _ in many]),
        "install check": _result("check all of it", "ms", [checked for *_, checked in many]),
    }
    report(f"Public log of {count:,} entries", results, {})


def _one(app: App, old: Memory, count: int) -> tuple[float, float, float, float]:
    """Hashes of a proof, bytes of the answer, ms to make it and to check it."""
    size = old.checkpoint.size
    positions = {secrets.randbelow(size) for _ in range(count)}
    answered: list[Proofs] = []
    made = _milliseconds(lambda: answered.append(prove(app, ANONYMOUS, positions=positions, known_size=size)))
    body = show_proofs(answered[0])
    checked = _milliseconds(lambda: _check(body, old))
    return len(answered[0].proven[0].proof), len(body), made, checked


def _check(body: bytes, old: Memory) -> None:
    import json

    read_answer(json.loads(body), "http://registry", old)


def _known(app: App, proofs: Proofs) -> Memory:
    return Memory(registry="http://registry", key=app.log_key.verifier, note=proofs.checkpoint)


def _append(app: App, number: int) -> None:
    with app.database.transaction() as tx:
        append(tx, _leaf(number))


def _leaf(number: int) -> Leaf:
    return Leaf(
        kind=Kind.PUBLISHED, name=f"acme/skill-{number % 50_000}", version=f"1.{number // 50_000}.0",
        digest=f"sha256:{number:064x}", archive_sha256=f"{number:064x}", at_ms=1_795_000_000_000 + number, by="ada",
        details={"verdict": "pass"},
    )  # fmt: skip


def _fill(app: App, count: int) -> None:
    """The rows that so many appends would leave, written in bulk."""
    edge: dict[Node, bytes] = {}

    def read(nodes: Collection[Node]) -> dict[Node, bytes]:
        return {node: edge.pop(node) for node in nodes}

    def rows() -> Iterator[tuple[tuple[object, ...], list[tuple[int, int, bytes]]]]:
        for position in range(count):
            leaf = _leaf(position)
            made = completed_by(position, leaf_hash(leaf.show().encode()), read)
            top = max(made)
            edge[top] = made[top]
            nodes = [(level, index, digest) for (level, index), digest in made.items()]
            yield (position, leaf.show(), leaf.kind, leaf.name, leaf.version), nodes

    left = rows()
    connection = app.database._connection()  # type: ignore[attr-defined]
    while some := list(islice(left, _AT_ONCE)):
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO log_entries (position, leaf, kind, name, version) VALUES (?, ?, ?, ?, ?)",
            [entry for entry, _ in some],
        )
        nodes = [node for _, of_one in some for node in of_one]
        connection.executemany("INSERT INTO log_nodes (level, position, hash) VALUES (?, ?, ?)", nodes)
        connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _milliseconds(run: Callable[[], object]) -> float:
    before = time.perf_counter()
    run()
    return (time.perf_counter() - before) * 1000


def _result(name: str, unit: str, figures: list[float]) -> Result:
    """The median of each tenth of the figures."""
    tenth = max(1, len(figures) // 10)
    tenths = [figures[at : at + tenth] for at in range(0, len(figures), tenth)]
    return Result(name, unit, tuple(statistics.median(some) for some in tenths))


if __name__ == "__main__":
    main()
