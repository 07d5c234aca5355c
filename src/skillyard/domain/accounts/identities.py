"""Which account an identity at a provider is: known, new, or to be linked; and the list that a person keeps of theirs.

An account is known by issuer and subject. An e-mail address never leads to one: it can change hands.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

from skillyard.app import App
from skillyard.domain.accounts import rules, sign_up, store
from skillyard.domain.accounts.errors import (
    IdentityNotFound,
    IdentityTaken,
    LastWayIn,
    NamespaceTaken,
    SetUpFirst,
    SignInLost,
)
from skillyard.domain.accounts.identity import Identity, IdentityLinked, IdentityUnlinked, Known, ProvenIdentity, Return
from skillyard.domain.accounts.model import Caller, User
from skillyard.domain.accounts.new_account import add_account
from skillyard.domain.accounts.providers import Provider, issuers_that_sign_in, sign_up_of
from skillyard.domain.accounts.sessions import add_session, check_fresh, end_sessions
from skillyard.domain.accounts.store import identities
from skillyard.infra.database import Tx
from skillyard.infra.ids import is_well_formed_secret, new_id, new_secret
from skillyard.infra.paging import Page, page_of, read_cursor
from skillyard.infra.secrets import hash_secret
from skillyard.infra.sign_in_tokens import SignInToken

PROVEN_MS = 10 * 60 * 1000
_TICKET_PREFIX = "sky_id"
_MOST_PROPOSALS = 10


def recognise(
    app: App, caller: Caller, provider: Provider, token: SignInToken, *, browser: str, goal: str, link_to: str | None
) -> Return:
    """A session for an identity that has an account; else a ticket with which the person agrees to have one made, or to
    link the identity to the account `link_to`, which must be the caller's.

    Raises AccountSuspended, IdentityTaken, SignInLost, SetUpFirst, SignUpClosed, SignUpForOthers.
    """
    with app.database.transaction() as tx:
        known = identities.find_identity(tx, token.issuer, token.subject)
        if link_to is not None and caller.user_id != link_to:
            raise SignInLost(why="you are not signed in any more as who began it")
        if link_to is not None and known is not None:
            if known.user_id != link_to:
                raise IdentityTaken
            return Return(goal=goal)
        if known is not None:
            note_use(tx, app, known, token)
            user = store.get_user(tx, known.user_id)
            return Return(goal=goal, session=add_session(tx, app, user, how="oidc"))
        if link_to is None:
            check_may_sign_up(tx, app, token)
        proven = _proven(tx, app, provider, token, goal=goal, link_to=link_to)
        ticket = new_secret(_TICKET_PREFIX)
        identities.add_proven(tx, hash_secret(ticket), proven, browser_hash=hash_secret(browser))
        return Return(goal=goal, proven=proven, ticket=ticket)


def look_at_ticket(app: App, *, ticket: str, browser: str | None) -> ProvenIdentity:
    """What the person is asked to agree to. Raises SignInLost."""
    if is_well_formed_secret(ticket, _TICKET_PREFIX):
        with app.database.reading() as tx:
            proven = identities.find_proven(
                tx, hash_secret(ticket), browser_hash=hash_secret(browser or ""), now_ms=app.clock.now_ms()
            )
        if proven is not None:
            return proven
    raise SignInLost(why="it was ended before, took too long, or was begun in another browser")


def create_account(
    app: App, *, ticket: str, browser: str | None, username: str, display_name: str | None = None
) -> Return:
    """Make the account of a proven identity, and sign in. A refusal of the name leaves the ticket usable.

    Raises SignInLost, NotAcceptable, NamespaceTaken, IdentityTaken.
    """
    proven = look_at_ticket(app, ticket=ticket, browser=browser)
    if proven.user_id is not None:
        raise SignInLost(why="it was begun to link an identity")
    faults = rules.check_new_name(username, what="username")
    faults += rules.check_label(display_name, what="display name") if display_name else []
    rules.refuse(faults)
    with app.database.transaction() as tx:
        _use(tx, app, ticket)
        user = add_account(tx, app, username, display_name or username)
        _link(tx, app, user, proven, is_used=True)
        return Return(goal=proven.goal, session=add_session(tx, app, user, how="oidc"))


def link_identity(app: App, caller: Caller, *, ticket: str, browser: str | None) -> Return:
    """Link a proven identity to the caller's account. Raises SignInLost, IdentityTaken."""
    caller.must("manage_identities")
    proven = look_at_ticket(app, ticket=ticket, browser=browser)
    user_id, _ = caller.identity
    if proven.user_id != user_id:
        raise SignInLost(why="it was begun as somebody else")
    with app.database.transaction() as tx:
        _use(tx, app, ticket)
        user = store.get_user(tx, user_id)
        _link(tx, app, user, proven, is_used=False)
    return Return(goal=proven.goal)


def list_identities(app: App, caller: Caller, *, limit: int = 30, cursor: str | None = None) -> Page[Identity]:
    """Those with which the caller can sign in, the oldest first."""
    caller.must("manage_identities")
    user_id, _ = caller.identity
    (after,) = read_cursor(cursor, [""])
    with app.database.reading() as tx:
        found = identities.list_identities(tx, user_id, after=str(after), limit=limit + 1)
    return page_of(found, limit, lambda identity: [identity.id])


def unlink_identity(app: App, caller: Caller, *, identity_id: str) -> Identity:
    """Sign in with it no longer, and be signed out everywhere else. Answers what it was.

    Raises SignInTooOld, IdentityNotFound, LastWayIn.
    """
    caller.must("manage_identities")
    user_id, username = caller.identity
    with app.database.transaction() as tx:
        check_fresh(tx, app, caller)
        tx.lock(f"identities of {user_id}")
        found = identities.find_identity_of(tx, user_id, identity_id) if rules.is_plain(identity_id) else None
        if found is None:
            raise IdentityNotFound(identity_id=identity_id[: rules.MAX_LABEL_CHARS])
        others = issuers_that_sign_in(app.settings)
        has_password = store.get_user(tx, user_id).has_password
        if not has_password and not identities.has_other_identity(tx, user_id, but=found.id, issuers=others):
            raise LastWayIn
        identities.remove_identity(tx, found.id)
        end_sessions(tx, user_id, but=caller.token_id, now_ms=app.clock.now_ms())
        app.events.record(tx, IdentityUnlinked(username=username, identity_id=found.id, issuer=found.issuer))
    return found


def check_may_sign_up(tx: Tx, app: App, token: SignInToken) -> None:
    """Raises SetUpFirst (the first account is its administrator's), SignUpClosed, SignUpForOthers."""
    if not store.has_users(tx):
        raise SetUpFirst
    settings = app.settings
    is_google = token.issuer == settings.google_issuer
    rule = sign_up_of(app, token.issuer)
    sign_up.check_sign_up(rule, settings.oidc_domains, token.claims, is_google=is_google)


def note_use(tx: Tx, app: App, known: Identity, token: SignInToken) -> None:
    """Keep when it signed in last, and what its provider now says about the e-mail address."""
    whom, now_ms = _known(app, token), app.clock.now_ms()
    identities.note_use(tx, known.id, email=whom.email, email_verified_ms=whom.email_verified_ms, now_ms=now_ms)


def add_account_for(tx: Tx, app: App, token: SignInToken) -> User:
    """An account for somebody who cannot be asked for a name now: the first free one of those that fit."""
    for name in sign_up.propose_usernames(token.claims):
        with suppress(NamespaceTaken):
            user = add_account(tx, app, name, sign_up.display_name_of(token.claims, otherwise=name))
            _link(tx, app, user, _known(app, token), is_used=True)
            return user
    raise NamespaceTaken(namespace=next(sign_up.propose_usernames(token.claims)))


def _proven(
    tx: Tx, app: App, provider: Provider, token: SignInToken, *, goal: str, link_to: str | None
) -> ProvenIdentity:
    proposals = list(islice(sign_up.propose_usernames(token.claims), _MOST_PROPOSALS))
    username = next((name for name in proposals if store.is_slug_free(tx, name)), "")
    whom = _known(app, token)
    return ProvenIdentity(
        provider=provider.name,
        issuer=whom.issuer,
        subject=whom.subject,
        email=whom.email,
        email_verified_ms=whom.email_verified_ms,
        username=username,
        display_name=sign_up.display_name_of(token.claims, otherwise=""),
        goal=goal,
        user_id=link_to,
        expires_ms=app.clock.now_ms() + PROVEN_MS,
    )


def _known(app: App, token: SignInToken) -> Known:
    return Known(
        issuer=token.issuer,
        subject=token.subject,
        email=sign_up.email_of(token.claims),
        email_verified_ms=app.clock.now_ms() if sign_up.is_email_verified(token.claims) else None,
    )


def _use(tx: Tx, app: App, ticket: str) -> None:
    if not identities.use_proven(tx, hash_secret(ticket), now_ms=app.clock.now_ms()):
        raise SignInLost(why="it was ended before")


def _link(tx: Tx, app: App, user: User, whom: Known | ProvenIdentity, *, is_used: bool) -> None:
    """`is_used`: somebody signs in with it at this very moment."""
    now_ms = app.clock.now_ms()
    identity = Identity(
        id=new_id("idn"),
        issuer=whom.issuer,
        subject=whom.subject,
        user_id=user.id,
        email=whom.email,
        linked_ms=now_ms,
        last_used_ms=now_ms if is_used else None,
        email_verified_ms=whom.email_verified_ms,
    )
    if not identities.add_identity(tx, identity):
        raise IdentityTaken
    app.events.record(tx, IdentityLinked(username=user.username, identity_id=identity.id, issuer=whom.issuer))
