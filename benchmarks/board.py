"""Matches and suggestions for requests among 2,000 offers, as the operations answer them on SQLite.

python -m benchmarks.board
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import Result, report
from skillyard.app import App, build
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.links import operator_sign_in_link, redeem_link
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.market.board import post_request
from skillyard.domain.market.board_model import RequestFields
from skillyard.domain.market.candidates import load_candidates
from skillyard.domain.market.matches import list_matches, suggest
from skillyard.domain.market.model import Offer, OfferStatus
from skillyard.domain.market.store import offers as store
from skillyard.settings import Settings
from skillyard.skill.executable import Executable
from skillyard.skill.reading import Place
from skillyard.skill.schemas import Schema, read_schema

OFFERS, REQUESTS = 2000, 60
_RARE = [f"field{number}" for number in range(120)]
_USUAL = ["text", "url", "summary", "language", "data"]
_KINDS: list[dict[str, Any]] = [
    {"type": "string"},
    {"type": "integer"},
    {"type": "array", "items": {"type": "string"}},
    {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]},
    {"type": "string", "maxLength": 200},
    {"enum": ["a", "b", "c"]},
]


def main() -> None:
    chance = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        app = build(Settings(data_dir=Path(folder)))
        ada = _a_person(app)
        _offer(app, chance)
        first = _seconds(lambda: load_candidates(app))
        requests = [_request(app, ada, chance) for _ in range(REQUESTS)]
        suggested = [_seconds(lambda id=id: suggest(app, ANONYMOUS, request_id=id)) for id in requests]  # type: ignore[misc]
        matched = [_seconds(lambda id=id: list_matches(app, ANONYMOUS, request_id=id)) for id in requests]  # type: ignore[misc]
        answered = sum(bool(suggest(app, ANONYMOUS, request_id=id).suggestions) for id in requests)
        app.close()
    results = {
        "suggest": Result("suggest", "ms", tuple(1000 * one for one in suggested)),
        "matches": Result("matches", "ms", tuple(1000 * one for one in matched)),
        "first": Result("first look at all offers", "ms", (1000 * first,)),
    }
    ratios = {
        "suggest, p95 in ms": (_p95(suggested), "< 200"),
        "matches, p95 in ms": (_p95(matched), "< 200"),
        "requests with a suggestion": (answered / REQUESTS, ""),
    }
    report(f"board, {OFFERS} offers", results, ratios)


def _a_person(app: App) -> Caller:
    code = operator_sign_in_link(app, None).rpartition("/")[2]
    return authenticate(app, redeem_link(app, code=code, username="ada", password=None).access_token)


def _offer(app: App, chance: random.Random) -> None:
    with app.database.transaction() as tx:
        for number in range(OFFERS):
            executable = Executable(input_schema=_schema(chance, 4), output_schema=_schema(chance, 5))
            store.add_offer(
                tx,
                Offer(
                    id=f"skl_{number:06}",
                    name=f"shop{number % 50}/skill{number}",
                    owner_id="usr_none",
                    version="1.0.0",
                    digest="",
                    description=f"Turns {chance.choice(_RARE)} into {chance.choice(_RARE)}.",
                    tags=tuple(chance.sample(_RARE, 3)),
                    trust_level="L0",
                    price=chance.randint(0, 50),
                    executable=executable,
                    status=OfferStatus.ACTIVE,
                    is_offered=True,
                    created_ms=number,
                    updated_ms=number,
                ),
            )


def _request(app: App, ada: Caller, chance: random.Random) -> str:
    fields = RequestFields(
        description="Turns one thing into another.",
        tags=chance.sample(_RARE, 2),
        input_schema=_document(chance, 3),
        output_schema=_document(chance, 3),
    )
    return post_request(app, ada, fields).id


def _document(chance: random.Random, most: int) -> dict[str, Any]:
    """Four of ten properties are ones that many offers have."""
    names = {chance.choice(_USUAL if chance.random() < 0.4 else _RARE) for _ in range(chance.randint(1, most))}
    properties = {name: chance.choice(_KINDS) if chance.random() < 0.5 else _KINDS[0] for name in sorted(names)}
    return {"type": "object", "properties": properties, "required": sorted(names)[:3]}


def _schema(chance: random.Random, most: int) -> Schema:
    schema = read_schema(_document(chance, most), Place(faults=[]))
    assert schema is not None, "it is made here"
    return schema


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _p95(seconds: list[float]) -> float:
    return 1000 * statistics.quantiles(seconds, n=20)[-1]


if __name__ == "__main__":
    main()
