"""Hundreds of random schedules of selling for TON; after each, nobody lost or gained anything."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from skillyard.domain.payments import rail as port
from tests.faults.chain_run import ChainRun
from tests.faults.chain_verdict import faults_of
from tests.faults.conftest import Show
from tests.faults.paper_chain import PaperChain
from tests.faults.town import a_chain_town

FIRST_SEED = int(os.environ.get("SKILLYARD_FAULT_SEED", "0"))
SCHEDULES, PER_TOWN = 300, 30


@pytest.mark.timeout(900)
def test_no_schedule_of_accidents_costs_anybody_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, show: Show
) -> None:
    counts: Counter[str] = Counter()
    for first in range(FIRST_SEED, FIRST_SEED + SCHEDULES, PER_TOWN):
        town = a_chain_town(tmp_path / str(first))
        chain = PaperChain(town.clock)
        monkeypatch.setattr(port, "rails", lambda chain=chain: {chain.name: chain})
        for seed in range(first, first + PER_TOWN):
            run = ChainRun(town, chain, seed)
            run.run()
            faults = faults_of(run)
            assert not faults, "\n".join([f"seed {seed}:", *faults, "", *run.log])
            happened = run.accidents.happened
            counts += Counter({"schedules": 1, "steps": run.steps, "accidents": happened.total()}) + happened
        town.app.close()
    show(counts)
