"""Search over 100,000 skills: words as they are, with one typing error, and as a beginning.

python -m benchmarks.search
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Result, report
from skillyard.infra.search import IndexedDocument, SearchIndex

SKILLS = 100_000
QUERIES = 400
TOPICS = [
    "pdf",
    "csv",
    "table",
    "chart",
    "report",
    "invoice",
    "email",
    "calendar",
    "deploy",
    "kubernetes",
    "docker",
    "terraform",
    "review",
    "test",
    "coverage",
    "lint",
    "format",
    "translate",
    "summary",
    "meeting",
    "notes",
    "slides",
    "spreadsheet",
    "database",
    "query",
    "schema",
    "migration",
    "backup",
    "monitor",
    "alert",
    "incident",
    "release",
    "changelog",
    "license",
    "audit",
    "security",
    "secret",
    "scan",
    "image",
    "resize",
    "video",
    "audio",
    "transcript",
    "speech",
    "weather",
    "travel",
    "recipe",
    "fitness",
    "budget",
    "tax",
    "contract",
    "legal",
    "research",
    "citation",
    "paper",
    "latex",
    "markdown",
    "website",
    "accessibility",
]
ACTIONS = [
    "reader",
    "writer",
    "builder",
    "checker",
    "helper",
    "runner",
    "maker",
    "finder",
    "cleaner",
    "merger",
    "splitter",
    "watcher",
    "planner",
    "tracker",
]


def main() -> None:
    chance = random.Random(11)
    with tempfile.TemporaryDirectory() as scratch:
        index = SearchIndex(Path(scratch))
        documents = [_document(chance, number) for number in range(SKILLS)]
        began = time.perf_counter()
        index.apply(documents, [], position=1)
        built = Result("build the index", "s", (time.perf_counter() - began,))
        kinds: dict[str, Callable[[IndexedDocument], str]] = {
            "as it is": lambda document: _words(document),
            "one typing error": lambda document: _mistyped(chance, _words(document)),
            "a beginning": lambda document: _words(document)[:-3],
        }
        results = {"build": built}
        ratios = {}
        for kind, query in kinds.items():
            times, answered = _run(chance, index, documents, query)
            results[kind] = Result(f"p50, {kind}", "ms", (statistics.median(times),))
            p99 = sorted(times)[int(len(times) * 0.99) - 1]
            ratios[f"p99 ms, {kind}"] = (p99, "<= 25, aim 10")
            ratios[f"% answered, {kind}"] = (100 * answered, ">= 90, aim 97")
        index.close()
    report(f"search over {SKILLS:,} skills", results, ratios)


def _document(chance: random.Random, number: int) -> IndexedDocument:
    topic, action = chance.choice(TOPICS), chance.choice(ACTIONS)
    name = f"team-{number % 400}/{topic}-{action}-{number}"
    return IndexedDocument(
        key=name,
        title=name,
        tags=tuple(chance.sample(TOPICS, 3)),
        text=f"Does {' '.join(chance.choices(TOPICS, k=14))}. Use it for {topic} work with a {action}.",
        facets=(f"namespace:team-{number % 400}",),
        readers=("public",),
        updated_ms=number,
        downloads=chance.randint(0, 5000),
    )


def _words(document: IndexedDocument) -> str:
    topic, action, _ = document.key.partition("/")[2].split("-")
    return f"{topic} {action}"


def _mistyped(chance: random.Random, words: str) -> str:
    """Two neighbouring letters of the second word change places."""
    first, second = words.split()
    place = chance.randrange(1, len(second) - 1)
    return f"{first} {second[:place]}{second[place + 1]}{second[place]}{second[place + 2 :]}"


def _run(
    chance: random.Random,
    index: SearchIndex,
    documents: list[IndexedDocument],
    query: Callable[[IndexedDocument], str],
) -> tuple[list[float], float]:
    """Times in milliseconds, and the share of queries whose first page is about the words that were meant."""
    times, good = [], 0
    for _ in range(QUERIES):
        meant = chance.choice(documents)
        text = query(meant)
        began = time.perf_counter()
        hits = index.search(text, readers=["public"], limit=20)
        times.append((time.perf_counter() - began) * 1000)
        topic, action = _words(meant).split()
        good += any(topic in hit.key and action in hit.key for hit in hits.items)
    return times, good / QUERIES


if __name__ == "__main__":
    main()
