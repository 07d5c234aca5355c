"""A CI job brings an ID token of its system and gets a token that may publish, for a quarter of an hour.

The shape of RFC 8693 (token exchange) as package indexes use it: nothing is stored at the CI system that could leak.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts import issuers, rules
from skillyard.domain.accounts.authenticate import PUBLISHER_PREFIX, check_owned
from skillyard.domain.accounts.errors import (
    IdTokenUsedBefore,
    NoTrustedPublisher,
    SeveralPublishers,
)
from skillyard.domain.accounts.issuers import System
from skillyard.domain.accounts.publisher import PublisherToken, TrustedPublisher, TrustedPublisherUsed
from skillyard.domain.accounts.sessions import limit_sign_ins
from skillyard.domain.accounts.store import publishers
from skillyard.domain.accounts.trusted_publishers import trusted_issuers
from skillyard.infra.database import Tx
from skillyard.infra.id_tokens import IdToken, check_id_token
from skillyard.infra.ids import new_id, new_secret
from skillyard.infra.secrets import hash_secret
from skillyard.skill.faults import Fault
from skillyard.skill.names import check_name

LIFE_MS = 15 * 60 * 1000


def exchange_id_token(app: App, *, token: str, target: str | None = None, address: str) -> PublisherToken:
    """A token that may publish as the trusted publisher whom the ID token fits. `target`: a skill or namespace, needed
    where it fits several. Calls the issuer when its keys are not known.

    Raises IdTokenNotValid, IssuerNotTrusted, Upstream, NoTrustedPublisher, SeveralPublishers, IdTokenUsedBefore,
    PublisherSuspended or TooManySignIns.
    """
    limit_sign_ins(app, address=address)
    rules.refuse(_check_target(target))
    known, now_ms = trusted_issuers(app), app.clock.now_ms()
    proof = check_id_token(app.issuer_keys, token, audience=app.settings.address, issuers=known.keys(), now_ms=now_ms)
    system = known[proof.issuer]
    with app.database.transaction() as tx:
        publisher = _find(tx, system, proof, target)
        if not publishers.use_id_token(tx, proof.issuer, proof.id, expires_ms=proof.expires_ms):
            raise IdTokenUsedBefore
        if not publishers.note_use(tx, publisher.id, issuers.lasting_of(system, proof.claims), now_ms=now_ms):
            raise NoTrustedPublisher(target=target or "this registry", claims=", ".join(system.lasting))
        return _hand_out(tx, app, system, proof, publisher, skill=publisher.skill or _skill_in(target))


def _find(tx: Tx, system: System, proof: IdToken, target: str | None) -> TrustedPublisher:
    """The one whom the token fits. What differs is told by name only, and of a publisher for another repository no
    more than that.
    """
    candidates = _candidates(tx, system, proof, target)
    wrong = [issuers.find_mismatches(system, each.claims, each.lasting, proof.claims) for each in candidates]
    fitting = [each for each, names in zip(candidates, wrong, strict=True) if not names]
    if not fitting:
        raise NoTrustedPublisher(target=target or "this registry", claims=_nearest(system, wrong, proof.claims))
    if target is None and len(fitting) > 1:
        raise SeveralPublishers(targets=", ".join(sorted(each.target for each in fitting)))
    return fitting[0]


def _candidates(tx: Tx, system: System, proof: IdToken, target: str | None) -> list[TrustedPublisher]:
    if target is None:
        return publishers.list_publishers_of(tx, proof.issuer, issuers.subject_of(system, proof.claims))
    return publishers.list_publishers_for(tx, proof.issuer, target.partition("/")[0], _skill_in(target) or "")


def _check_target(target: str | None) -> list[Fault]:
    return [] if target is None else [fault for name in target.split("/", 1) for fault in check_name(name)]


def _skill_in(target: str | None) -> str | None:
    return target if target and "/" in target else None


def _nearest(system: System, wrong: Sequence[list[str]], claims: Mapping[str, Any]) -> str:
    """What differs from the most similar publisher; as if there were one when there is none."""
    first = list(system.needed[:1]) or [name for name in ("sub",) if name in claims] or ["iss"]
    names = min(wrong, key=len, default=first)
    return ", ".join(first if first[0] in names else names)


def _hand_out(
    tx: Tx, app: App, system: System, proof: IdToken, publisher: TrustedPublisher, *, skill: str | None
) -> PublisherToken:
    """A token for `skill`, or for all of the namespace. Records an event: call it last."""
    check_owned(tx, publisher)
    now_ms = app.clock.now_ms()
    provenance = issuers.provenance_of(system, proof.issuer, proof.claims)
    new = PublisherToken(
        id=new_id("tok"),
        secret=new_secret(PUBLISHER_PREFIX),
        publisher_id=publisher.id,
        target=skill or publisher.namespace,
        identity=issuers.identity_of(system, publisher.claims),
        expires_ms=now_ms + LIFE_MS,
    )
    publishers.add_token(
        tx, new.id, publisher.id, provenance,
        skill=skill or "", secret_hash=hash_secret(new.secret), now_ms=now_ms, expires_ms=new.expires_ms,
    )  # fmt: skip
    used = TrustedPublisherUsed(
        publisher_id=publisher.id,
        target=new.target,
        identity=new.identity,
        token_id=new.id,
        run_id=provenance.run_id,
    )
    app.events.record(tx, used)
    return new
