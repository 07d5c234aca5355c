"""What runs cost: held when one is queued, charged when its program came to an end, given back when nobody can tell.

Each within the transaction that changes the run, so that both happen or neither: a run that never started, that was
refused, cancelled before it began or lost with its worker costs nothing, and none is charged twice.
"""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.directory import find_first_owner, is_member
from skillyard.domain.payments.charges import capture_charge, charge_terms, place_charge, release_charge
from skillyard.domain.registry.model import Release
from skillyard.domain.runs.errors import RunCostsMore
from skillyard.domain.runs.model import Run
from skillyard.infra.database import Tx

_EXPIRES_MS = 30 * 24 * 3600 * 1000  # later than any run that still waits


def price_of(tx: Tx, release: Release, owner_id: str, *, most: int | None) -> int:
    """What a run of it costs this person, in credits: nothing for members of its namespace.

    `most`: what they agreed to; None: to whatever it costs. Raises RunCostsMore.
    """
    credits = release.credits_per_run
    if credits == 0 or is_member(tx, release.namespace, owner_id) or find_first_owner(tx, release.namespace) is None:
        return 0
    if most is not None and credits > most:
        raise RunCostsMore(name=release.name, version=release.version, price=credits, most=most)
    return credits


def hold(tx: Tx, app: App, run: Run) -> None:
    """Set aside what it costs. Raises NotEnoughCredits."""
    if run.credits:
        seller_id = find_first_owner(tx, run.name.partition("/")[0])
        assert seller_id is not None, "or it would cost nothing"
        place_charge(
            tx, ref=run.id, buyer_id=run.owner_id, seller_id=seller_id, item=run.name, amount=run.credits,
            terms=charge_terms(app), now_ms=run.created_ms, expires_ms=run.created_ms + _EXPIRES_MS,
        )  # fmt: skip


def settle(tx: Tx, run: Run, *, has_result: bool, now_ms: int) -> None:
    """It has ended: pay its seller, if its program did, too; else give it back."""
    if run.credits:
        (capture_charge if has_result else release_charge)(tx, run.id, now_ms=now_ms)
