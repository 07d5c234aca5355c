"""Groups of calls are counted in one statement as if one came after the other, on both databases."""

from __future__ import annotations

import itertools
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillyard.domain.gateway.calls.plans import Limit, count
from skillyard.domain.gateway.store.limits import Window, count_calls
from skillyard.infra.database import Database

MOST = {"user a": 3, "user b": 5, "key k": 2, "connection c": 4, "address x": 6}
CALLS = st.lists(st.lists(st.sampled_from(sorted(MOST)), unique=True, max_size=4), max_size=8)
_ends = itertools.count(60_000, 60_000)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=st.lists(CALLS, max_size=4))
def test_of_each_group_as_many_go_out_as_one_by_one(database: Database, groups: list[list[list[str]]]) -> None:
    ends_ms = next(_ends)  # a minute that no other example counts in
    counted: Counter[str] = Counter()
    for group in groups:
        asked = [
            [Limit(window=Window(name, "minute", ends_ms), most=MOST[name], of=name) for name in names]
            for names in group
        ]
        with database.transaction() as tx:
            reached = count(tx, asked)
        for names, limit in zip(group, reached, strict=True):
            full = next((name for name in names if counted[name] >= MOST[name]), None)
            assert (limit and limit.of) == full
            counted.update(names if full is None else ())
    with database.reading() as tx:
        for name in MOST:
            assert count_calls(tx, Window(name, "minute", ends_ms)) == counted[name]
