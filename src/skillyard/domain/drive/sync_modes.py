"""Pure decisions of a sync: what mode, token and credits leave out of it, and what the rest costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.sync_model import Action, FreeTier, Mode, Summary, SyncItem

_PRIVATE = frozenset({Action.UPLOAD_PRIVATE, Action.PUSH, Action.FORK, Action.MERGE_UPSTREAM})
_GROWING = frozenset({Action.CLAIM_PUBLIC, Action.UPLOAD_PRIVATE})  # a fork takes the place of what it comes from
_PAID = frozenset({Action.UPLOAD_PRIVATE, Action.FORK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What the drive holds now, how many skills it holds for free (0: no limit), and what a private upload beyond that
    costs; `balance`: the caller's credits.
    """

    held: int
    free: int
    upload_credits: int
    balance: int

    def price(self, held: int) -> int:
        """Of the private upload that makes it hold so many."""
        return self.upload_credits if 0 < self.free < held else 0


def price_now(action: Action, tariff: Tariff, *, of_run: int) -> int:
    """Of an upload that is due. `of_run`: how many skills the drive holds because its run brought them in, and has paid
    for them or told a price with them.
    """
    return tariff.price(tariff.held - of_run + (action in _GROWING)) if action in _PAID else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    items: tuple[SyncItem, ...]
    left_out: tuple[SyncItem, ...]
    summary: Summary


def decide_plan(classified: Sequence[SyncItem], caller: Caller, mode: Mode, tariff: Tariff) -> Plan:
    """Uploads are priced, and in the greedy mode left out, in the order in which they come."""
    items, left_out = list[SyncItem](), list[SyncItem]()
    held, total = tariff.held, 0
    for item in classified:
        item, why = _within(item, caller, mode)
        grown = held + (item.action in _GROWING)
        credits = tariff.price(grown) if item.action in _PAID else 0
        if not why and mode is Mode.AS_MANY_AS_CREDITS_ALLOW and credits and total + credits > tariff.balance:
            why = f"It costs {credits} credits, and {max(tariff.balance - total, 0)} are left."
        if why:
            left_out.append(replace(item, reason=why, credits=credits))
            continue
        items.append(replace(item, credits=credits) if credits else item)
        held, total = grown, total + credits
    return Plan(items=tuple(items), left_out=tuple(left_out), summary=_summary(items, tariff, held, total))


def _within(item: SyncItem, caller: Caller, mode: Mode) -> tuple[SyncItem, str]:
    """What is left of an item, and why nothing is; a merge can also be for this machine only."""
    why = _why_not(item, caller, mode)
    if why and item.action is Action.MERGE:
        return replace(item, publish_as=None), ""
    return item, why


def _why_not(item: SyncItem, caller: Caller, mode: Mode) -> str:
    if item.action.direction not in ("push", "both") or (item.action is Action.MERGE and not item.is_upload):
        return ""
    if mode is Mode.PULLS_ONLY:
        return "Nothing leaves this machine in the mode pulls_only."
    if mode is Mode.PUBLIC_ONLY and item.action in (*_PRIVATE, Action.MERGE):
        return "Nothing private leaves this machine in the mode public_only."
    if not caller.may("manage_drive", on=item.drive):
        return f"You, or your token, may not change the drive {item.drive}."
    if item.publish_as and not caller.may("publish", on=item.publish_as):
        return f"You, or your token, may not publish {item.publish_as}."
    return ""


def _summary(items: Sequence[SyncItem], tariff: Tariff, held: int, total: int) -> Summary:
    counts = {action: sum(item.action is action for item in items) for action in Action}
    is_over = 0 < tariff.free < held
    return Summary(
        counts={action: count for action, count in counts.items() if count},
        paid_uploads=sum(item.credits > 0 for item in items),
        total_credits=total,
        balance=tariff.balance,
        free_tier=FreeTier(current_max=tariff.free, after_sync=held, would_grandfather=is_over),
    )
