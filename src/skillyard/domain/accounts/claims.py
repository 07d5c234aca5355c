"""What is on record about people: from administrators who vouch for it, and from the identities they sign in with.

An identity is a claim for as long as it is linked and its provider vouches for the e-mail address; it is not stored
twice. What claims are worth is decided in `claim.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts import rules, store
from skillyard.domain.accounts.claim import (
    ADMINISTRATOR,
    ASSURANCES,
    CLAIM_TYPES,
    DAY_MS,
    DELEGATED,
    LIFE_DAYS,
    ONESELF,
    VERIFIED_EMAIL,
    Assurance,
    Claim,
    ClaimAttested,
    ClaimRevoked,
    ClaimSettings,
    Inheritance,
    Level,
    TrustCheck,
    check_trust_of,
    level_of_claims,
)
from skillyard.domain.accounts.errors import ClaimNotFound, ClaimOfIdentity, UserNotFound
from skillyard.domain.accounts.identity import Identity
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.store import agents, identities
from skillyard.domain.accounts.store import claims as claim_store
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.skill.faults import Fault


def level_of(tx: Tx, user_id: str, *, now_ms: int, by_agent: bool = False) -> Level:
    """How far the person is trusted now. `by_agent`: a program asks that signed in with its own key, which inherits
    this trust only where the person lets it."""
    return level_of_claims(_counting(tx, user_id, now_ms=now_ms, by_agent=by_agent))


def explain(tx: Tx, user_id: str, wanted: Level, *, now_ms: int, by_agent: bool = False) -> TrustCheck:
    """Whether that is enough, and what is missing if it is not."""
    return check_trust_of(_counting(tx, user_id, now_ms=now_ms, by_agent=by_agent), wanted)


def check_own_trust(app: App, caller: Caller, *, wanted: Level) -> TrustCheck:
    """`explain` for whoever asks."""
    caller.must("identify")
    user_id, _ = caller.identity
    with app.database.reading() as tx:
        return explain(tx, user_id, wanted, now_ms=app.clock.now_ms(), by_agent=caller.agent_id is not None)


def list_claims(app: App, caller: Caller) -> list[Claim]:
    """The caller's own that are in force, the oldest first."""
    caller.must("read_own")
    user_id, _ = caller.identity
    with app.database.reading() as tx:
        return claims_in_force(tx, user_id, now_ms=app.clock.now_ms())


def list_claims_of(app: App, caller: Caller, *, username: str) -> list[Claim]:
    """Somebody's that are in force, for administrators. Raises UserNotFound."""
    caller.must("administer")
    with app.database.reading() as tx:
        return claims_in_force(tx, _user_id(tx, username), now_ms=app.clock.now_ms())


def attest(
    app: App,
    caller: Caller,
    *,
    username: str,
    claim_type: str,
    assurance: Assurance,
    claim_ref: str = "",
    expires_in_days: int | None = None,
) -> Claim:
    """Vouch for something about somebody, as an administrator; in place of what administrators said about it before.

    Raises NotAcceptable, UserNotFound.
    """
    caller.must("administer")
    rules.refuse(check_attestation(claim_type, assurance, claim_ref, expires_in_days))
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        claim = Claim(
            id=new_id("clm"),
            user_id=_user_id(tx, username),
            provider=ADMINISTRATOR,
            claim_type=claim_type,
            claim_ref=claim_ref or f"attested by {caller.username}",
            assurance=assurance,
            verified_ms=now_ms,
            expires_ms=None if expires_in_days is None else now_ms + expires_in_days * DAY_MS,
        )
        claim_store.put_claim(tx, claim)
        event = ClaimAttested(
            claim_id=claim.id, username=username, claim_type=claim_type, assurance=assurance, by=caller.identity[1]
        )
        app.events.record(tx, event)
        return _bounded(claim, claim_store.get_settings(tx, claim.user_id))


def check_attestation(claim_type: str, assurance: str, claim_ref: str, expires_in_days: int | None) -> list[Fault]:
    """Everything that is wrong with a claim that somebody is to vouch for."""
    faults = rules.check_label(claim_ref, what="reference") if claim_ref else []
    if claim_type not in CLAIM_TYPES:
        message = f"there is no type of claims {claim_type[: rules.MAX_LABEL_CHARS]!r}"
        faults.append(Fault(code="bad_claim_type", message=message, hint=f"choose from {', '.join(CLAIM_TYPES)}"))
    if assurance not in ASSURANCES:
        message = "the assurance is none that is known"
        faults.append(Fault(code="bad_assurance", message=message, hint=f"choose from {', '.join(ASSURANCES)}"))
    if expires_in_days is not None and not 1 <= expires_in_days <= LIFE_DAYS[-1]:
        message = f"the claim would live {expires_in_days} days"
        faults.append(Fault(code="bad_expiry", message=message, hint=f"choose 1 to {LIFE_DAYS[-1]} days"))
    return faults


def revoke_claim(app: App, caller: Caller, *, claim_id: str) -> Claim:
    """Let a claim count no longer: one of the caller's own, or anybody's for an administrator.

    Raises ClaimNotFound, or ClaimOfIdentity for one that only unlinking the identity removes.
    """
    caller.must("manage_claims")
    user_id, username = caller.identity
    with app.database.transaction() as tx:
        if rules.is_plain(claim_id) and identities.find_identity_of(tx, user_id, claim_id):
            raise ClaimOfIdentity(claim_id=claim_id)
        claim = claim_store.find_claim(tx, claim_id) if rules.is_plain(claim_id) else None
        is_theirs = claim is not None and (claim.user_id == user_id or caller.may("administer"))
        if claim is None or not is_theirs or not claim_store.remove_claim(tx, claim.id):
            raise ClaimNotFound(claim_id=claim_id[: rules.MAX_LABEL_CHARS])
        settings = claim_store.get_settings(tx, claim.user_id)
        if settings.is_auto_revoked:
            agents.remove_keys_of(tx, claim.user_id)
        owner = store.get_user(tx, claim.user_id)
        event = ClaimRevoked(claim_id=claim.id, username=owner.username, claim_type=claim.claim_type, by=username)
        app.events.record(tx, event)
    return _bounded(claim, settings)


def delegate(app: App, caller: Caller, *, scopes: Sequence[str]) -> Claim:
    """Say for what others may act for the caller; in place of what was said before. It adds no trust.

    Raises NotAcceptable.
    """
    caller.must("manage_claims")
    user_id, username = caller.identity
    said = " ".join(scopes)
    rules.refuse(rules.check_label(said, what="list of scopes"))
    with app.database.transaction() as tx:
        claim = Claim(
            id=new_id("clm"),
            user_id=user_id,
            provider=ONESELF,
            claim_type=DELEGATED,
            claim_ref=said,
            assurance="low",
            verified_ms=app.clock.now_ms(),
            expires_ms=None,
        )
        claim_store.put_claim(tx, claim)
        event = ClaimAttested(
            claim_id=claim.id, username=username, claim_type=DELEGATED, assurance=claim.assurance, by=username
        )
        app.events.record(tx, event)
        return _bounded(claim, claim_store.get_settings(tx, user_id))


def get_settings(app: App, caller: Caller) -> ClaimSettings:
    caller.must("read_own")
    user_id, _ = caller.identity
    with app.database.reading() as tx:
        return claim_store.get_settings(tx, user_id)


def change_settings(
    app: App,
    caller: Caller,
    *,
    life_days: int | None = None,
    inheritance: Inheritance | None = None,
    is_auto_revoked: bool | None = None,
) -> ClaimSettings:
    """Change those that are not None. Raises NotAcceptable."""
    caller.must("manage_claims")
    user_id, _ = caller.identity
    if life_days is not None and life_days not in LIFE_DAYS:
        hint = f"choose one of {', '.join(map(str, LIFE_DAYS))} days"
        rules.refuse([Fault(code="bad_life", message=f"claims cannot live {life_days} days", hint=hint)])
    with app.database.transaction() as tx:
        old = claim_store.get_settings(tx, user_id)
        new = ClaimSettings(
            life_days=old.life_days if life_days is None else life_days,
            inheritance=old.inheritance if inheritance is None else inheritance,
            is_auto_revoked=old.is_auto_revoked if is_auto_revoked is None else is_auto_revoked,
        )
        claim_store.put_settings(tx, user_id, new)
    return new


def claims_in_force(tx: Tx, user_id: str, *, now_ms: int) -> list[Claim]:
    """The oldest first: those on record, and the identities whose provider vouches for the e-mail address."""
    settings = claim_store.get_settings(tx, user_id)
    linked = [_of_identity(identity) for identity in identities.list_verified(tx, user_id)]
    known = [_bounded(claim, settings) for claim in (*linked, *claim_store.list_claims(tx, user_id))]
    return sorted((claim for claim in known if claim.is_in_force(now_ms)), key=lambda claim: claim.verified_ms)


def _counting(tx: Tx, user_id: str, *, now_ms: int, by_agent: bool) -> list[Claim]:
    if by_agent and claim_store.get_settings(tx, user_id).inheritance == "opt_in":
        return []
    return claims_in_force(tx, user_id, now_ms=now_ms)


def _of_identity(identity: Identity) -> Claim:
    assert identity.email_verified_ms is not None
    return Claim(
        id=identity.id,
        user_id=identity.user_id,
        provider=identity.issuer,
        claim_type=VERIFIED_EMAIL,
        claim_ref=identity.email or identity.subject,
        assurance="substantial",
        verified_ms=identity.email_verified_ms,
        expires_ms=None,
    )


def _bounded(claim: Claim, settings: ClaimSettings) -> Claim:
    """With the end that its owner chose, where that is the earlier one."""
    end_ms = claim.verified_ms + settings.life_days * DAY_MS
    return replace(claim, expires_ms=end_ms if claim.expires_ms is None else min(end_ms, claim.expires_ms))


def _user_id(tx: Tx, username: str) -> str:
    user = store.find_user(tx, username=username) if rules.is_name(username) else None
    if user is None:
        raise UserNotFound(username=username[: rules.MAX_LABEL_CHARS])
    return user.id
