"""Thousands of random schedules of selling by Stripe and by credits; after each, nobody lost or gained anything."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.faults.conftest import Show
from tests.faults.stripe_run import StripeRun
from tests.faults.stripe_verdict import faults_of
from tests.faults.town import Town, a_town
from tests.peers.stripe.peer import Peer
from tests.peers.stripe.server import serving

FIRST_SEED = int(os.environ.get("SKILLYARD_FAULT_SEED", "0"))
PARTS, PER_PART, PER_TOWN = 4, 500, 40


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0)


def run_all(town: Town, seeds: Iterable[int]) -> Counter[str]:
    """Fails at the first seed that is followed by a fault; how much was done, and what happened to it."""
    counts: Counter[str] = Counter()
    for seed in seeds:
        run = StripeRun(town, seed)
        run.run()
        faults = faults_of(run)
        assert not faults, "\n".join([f"seed {seed}:", *faults, "", *run.log])
        happened = run.accidents.happened
        counts += Counter({"schedules": 1, "steps": run.steps, "accidents": happened.total()}) + happened
    town.app.close()
    return counts


@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_schedule_of_accidents_costs_anybody_anything(part: int, tmp_path: Path, show: Show) -> None:
    """Every other platform has money of its own at Stripe; the others pay out only what buyers have paid."""
    counts: Counter[str] = Counter()
    start = FIRST_SEED + part * PER_PART
    for first in range(start, start + PER_PART, PER_TOWN):
        town = a_town(tmp_path / str(first), funded=(first // PER_TOWN % 2) * 10**8)
        counts += run_all(town, range(first, min(first + PER_TOWN, start + PER_PART)))
    show(counts)
    assert counts["schedules"] == PER_PART


def test_the_same_over_real_connections(tmp_path: Path, show: Show) -> None:
    with serving(Peer(settle_s=0), deliver=False) as peer:
        counts = run_all(a_town(tmp_path, peer=peer), range(FIRST_SEED + 10_000, FIRST_SEED + 10_020))
    show(counts)
