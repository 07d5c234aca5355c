"""What webhooks can be told: the names that events have outside, and how ours become these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from skillyard.domain.drive.model import DriveChanged, RequestDecided, RequestMade
from skillyard.domain.gateway.connect.connection import ConnectionLost, ConnectionMade
from skillyard.domain.gateway.consent.grant import GrantGiven, GrantRevoked, LeaseMisused
from skillyard.domain.market.events import InvocationAdded, InvocationClaimed, InvocationSettledAs
from skillyard.domain.notices.model import About, HookChanged, Notice
from skillyard.domain.payments.events import CreditsSpent, SaleMade
from skillyard.domain.payments.payout_model import PayoutFailed, PayoutPaid, PayoutRequested
from skillyard.domain.registry.model import ReleasePublished, ReleaseYanked
from skillyard.domain.registry.trust import AdvisoryPublished, AdvisoryWithdrawn, StatusChanged
from skillyard.domain.runs.model import RunEnded
from skillyard.infra.events import StoredEvent

TEST = "webhook.test"
THRESHOLD_HIT = "credits.threshold_hit"
EXHAUSTED = "credits.exhausted"
SCAN_FINISHED = "scan.finished"

OF_PEOPLE: Mapping[str, str] = {
    THRESHOLD_HIT: "Your credits have gone down to the threshold of the webhook, or below it.",
    EXHAUSTED: "You have no credits left.",
    "run.ended": "A run of yours is over.",
    "connection.made": "You connected an account elsewhere, or connected it again.",
    "connection.lost": "An account elsewhere was disconnected, or has to be connected again; `why` says which.",
    "grant.given": "You let a skill call something in your name.",
    "grant.revoked": "You took a grant back.",
    "lease.misused": "Somebody tried to call with what a run of yours calls with; it was refused.",
    "payout.requested": "You asked for a payout.",
    "payout.paid": "You were paid.",
    "payout.failed": "A payout was not made, or came back.",
}
OF_NAMESPACES: Mapping[str, str] = {
    "release.published": "A skill of yours, or in a drive of yours, has a new version.",
    "release.yanked": "A version was withdrawn.",
    "release.status_changed": "A release was listed, flagged, quarantined or recalled after its publication.",
    SCAN_FINISHED: "A new release was scanned; with the verdict.",
    "advisory.issued": "Releases were recalled.",
    "advisory.withdrawn": "A recall was taken back.",
    "invocation.requested": "A use of an offer was asked for: by you, or of you.",
    "invocation.started": "An invocation is being worked on.",
    "invocation.completed": "An invocation was delivered.",
    "invocation.failed": "An invocation failed, and costs nothing.",
    "invocation.expired": "An invocation was not delivered in time, and costs nothing.",
    "sale.made": "Somebody bought a skill that you sell.",
    "drive.updated": "Something changed in a drive of yours.",
    "drive.requested": "A member would like a team's drive to have something.",
    "drive.request_decided": "What a member asked for was accepted or declined.",
    "webhook.disabled": "Another webhook was disabled, because nothing could be delivered for long.",
}
EVENTS: Mapping[str, str] = {**OF_PEOPLE, **OF_NAMESPACES}
"""All of them, with what each tells."""

Facts = Mapping[str, Any]


def notices_of(event: StoredEvent) -> list[Notice]:
    """What is to be told of an event: nothing of most, nor of one that another version recorded with less in it."""
    make = _MAKERS.get(event.kind)
    try:
        return make(event.data) if make is not None else []
    except KeyError:
        return []


def families_of(event: str) -> tuple[str, str]:
    """Under which names a webhook may have asked for it."""
    return event, f"{event.partition('.')[0]}.*"


def _credits(data: Facts) -> list[Notice]:
    """Each of them once per crossing; which threshold was crossed depends on the webhook."""
    about = About(user_id=data["user_id"])
    facts = {"before": data["before"], "credits_remaining": data["after"], "owner_user_id": data["user_id"]}
    names = (THRESHOLD_HIT, EXHAUSTED) if data["after"] <= 0 < data["before"] else (THRESHOLD_HIT,)
    return [Notice(event=name, data=facts, about=about) for name in names]


def _published(data: Facts) -> list[Notice]:
    facts = _some(data, "name", "version", "digest", "channel", "by")
    scanned = _some(data, "name", "version", "digest")
    about = About(skill=data["name"])
    return [
        Notice(event="release.published", data=facts, about=about),
        Notice(event=SCAN_FINISHED, data=scanned, about=about),
    ]


def _of_skill(name: str, *facts: str) -> Callable[[Facts], list[Notice]]:
    def make(data: Facts) -> list[Notice]:
        return [Notice(event=name, data=_some(data, "name", *facts), about=About(skill=data["name"]))]

    return make


def _of_person(name: str, whose: str, *facts: str) -> Callable[[Facts], list[Notice]]:
    def make(data: Facts) -> list[Notice]:
        return [Notice(event=name, data=_some(data, *facts), about=About(user_id=data[whose]))]

    return make


def _invocation(name: str) -> Callable[[Facts], list[Notice]]:
    def make(data: Facts) -> list[Notice]:
        facts = _some(data, "invocation_id", "offer_id", "name")
        about = About(user_id=data["buyer_id"], place=data["name"], right="provide")
        return [Notice(event=name or f"invocation.{data['status']}", data=facts, about=about)]

    return make


def _drive(name: str, *facts: str) -> Callable[[Facts], list[Notice]]:
    def make(data: Facts) -> list[Notice]:
        return [Notice(event=name, data=_some(data, "drive", *facts), about=About(place=data["drive"]))]

    return make


def _run(data: Facts) -> list[Notice]:
    if data.get("run_kind") != "script":
        return []
    return _of_person("run.ended", "owner_id", "run_id", "name", "version", "status")(data)


def _sale(data: Facts) -> list[Notice]:
    facts = _some(data, "invoice_id", "item", "asset", "amount")
    return [Notice(event="sale.made", data=facts, about=About(place=data["item"], right="sell"))]


def _disabled(data: Facts) -> list[Notice]:
    if data["change"] != "disabled" or data["by"] != "registry":
        return []
    about = About(user_id=data["owner_id"], place=data["namespace"], right="manage_hooks_in")
    return [Notice(event="webhook.disabled", data=_some(data, "hook_id", "namespace", "why"), about=about)]


def _some(data: Facts, *names: str) -> dict[str, Any]:
    return {name: data[name] for name in names}


_MAKERS: Mapping[str, Callable[[Facts], list[Notice]]] = {
    CreditsSpent.kind: _credits,
    ReleasePublished.kind: _published,
    ReleaseYanked.kind: _of_skill("release.yanked", "version", "reason", "by"),
    StatusChanged.kind: _of_skill("release.status_changed", "version", "status", "reasons"),
    AdvisoryPublished.kind: _of_skill("advisory.issued", "id", "versions"),
    AdvisoryWithdrawn.kind: _of_skill("advisory.withdrawn", "id"),
    InvocationAdded.kind: _invocation("invocation.requested"),
    InvocationClaimed.kind: _invocation("invocation.started"),
    InvocationSettledAs.kind: _invocation(""),
    SaleMade.kind: _sale,
    RunEnded.kind: _run,
    ConnectionMade.kind: _of_person("connection.made", "owner_id", "connection_id", "integration", "account", "how"),
    ConnectionLost.kind: _of_person("connection.lost", "owner_id", "connection_id", "integration", "account", "why"),
    GrantGiven.kind: _of_person("grant.given", "owner_id", "grant_id", "name", "version", "digest", "action"),
    GrantRevoked.kind: _of_person("grant.revoked", "owner_id", "grant_id", "name", "version", "action"),
    LeaseMisused.kind: _of_person("lease.misused", "owner_id", "run_id", "where"),
    PayoutRequested.kind: _of_person("payout.requested", "user_id", "payout_id", "rail", "asset", "amount"),
    PayoutPaid.kind: _of_person("payout.paid", "user_id", "payout_id", "rail", "asset", "amount"),
    PayoutFailed.kind: _of_person("payout.failed", "user_id", "payout_id", "rail", "status", "why"),
    DriveChanged.kind: _drive("drive.updated", "name", "version", "change", "by"),
    RequestMade.kind: _drive("drive.requested", "request_id", "source", "by"),
    RequestDecided.kind: _drive("drive.request_decided", "request_id", "source", "status", "by"),
    HookChanged.kind: _disabled,
}
KINDS = frozenset(_MAKERS)
"""Of our events, those of which something may be to tell."""
