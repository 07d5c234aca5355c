"""Leases: with what the program of a run shows the gateway which run it is. It names the run and opens nothing else."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.gateway.consent.grant import LeaseMisused
from skillyard.domain.gateway.consent.grant_errors import LeaseRefused
from skillyard.domain.gateway.store import leases as store
from skillyard.domain.runs.model import Run
from skillyard.domain.runs.services import find_any, find_running
from skillyard.infra.ids import is_well_formed_secret, new_secret
from skillyard.infra.secrets import hash_secret

_PREFIX = "sky_lease"
HTTP = "http"


def open_lease(app: App, run: Run) -> str:
    """For a run that begins; it ends with the run."""
    secret = new_secret(_PREFIX)
    with app.database.transaction(durable=False) as tx:
        store.put(tx, run.id, secret_hash=hash_secret(secret), now_ms=app.clock.now_ms())
    return secret


def check_lease(app: App, run: Run, secret: str) -> None:
    """Raises LeaseRefused unless it is that of this run, whose program runs; that of another run is told its owner."""
    if not is_well_formed_secret(secret, _PREFIX):
        raise LeaseRefused
    with app.database.reading() as tx:
        found = store.find_run(tx, hash_secret(secret))
        is_running = find_running(tx, run.id) is not None
    if found == run.id and is_running:
        return
    if found is not None and found != run.id:
        _note_misuse(app, found, where=run.id)
    raise LeaseRefused


def note_elsewhere(app: App, secret: str) -> None:
    """Tell the owner when what somebody sent as a token is the lease of a run; it opens nothing there."""
    if not is_well_formed_secret(secret, _PREFIX):
        return
    with app.database.reading() as tx:
        found = store.find_run(tx, hash_secret(secret))
    if found is not None:
        _note_misuse(app, found, where=HTTP)


def _note_misuse(app: App, run_id: str, *, where: str) -> None:
    with app.database.transaction() as tx:
        run = find_any(tx, run_id)
        if run is not None and store.set_misused(tx, run_id, now_ms=app.clock.now_ms()):
            app.events.record(tx, LeaseMisused(run_id=run_id, owner_id=run.owner_id, where=where))
