"""Linking and unlinking identities, and never locking oneself out."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from skillyard.app import App
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.cli_sessions import approve_cli_session, poll_cli_session, start_cli_session
from skillyard.domain.accounts.errors import (
    IdentityNotFound,
    IdentityTaken,
    LastWayIn,
    SignInLost,
    SignInTooOld,
    TokenRevoked,
    TokenTooNarrow,
)
from skillyard.domain.accounts.identities import create_account, link_identity, list_identities, unlink_identity
from skillyard.domain.accounts.jobs import forget_expired_sign_ins
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.accounts.oidc_sign_in import begin_link, come_back
from skillyard.domain.accounts.passwords import set_password
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.infra.issuer_keys import IssuerKeys
from skillyard.infra.outbound import Outbound
from skillyard.settings import OidcProvider
from tests.domain.accounts.oidc.visits import ADDRESS, HERE, MovableClock, answer_of, leave, link, signed_up, visit
from tests.makers import a_person, again, make_app, secret_of, signed_in
from tests.peers.oidc.hostile import Hostile
from tests.peers.oidc.providers import CLIENT_ID, CLIENT_SECRET, Lenient, Provider, Strict


def test_an_identity_is_linked_and_signs_in_to_the_same_account(app: App, provider: Provider) -> None:
    provider.add_person("ida")
    ida = a_person(app, "ida")
    asked = visit(app, provider, "ida", ida)
    assert list_identities(app, ida).items == ()
    link_identity(app, ida, ticket=asked.ticket or "", browser=HERE)
    session = visit(app, provider, "ida").session
    assert session is not None
    assert session.user.id == ida.user_id
    assert visit(app, provider, "ida", ida).ticket is None


def test_an_identity_belongs_to_one_account(app: App, provider: Provider) -> None:
    provider.add_person("ivy")
    ivy, max_ = a_person(app, "ivy"), a_person(app, "max")
    ticket = visit(app, provider, "ivy", max_).ticket or ""
    link(app, provider, "ivy", ivy)
    with pytest.raises(IdentityTaken):
        link_identity(app, max_, ticket=ticket, browser=HERE)
    with pytest.raises(IdentityTaken):
        visit(app, provider, "ivy", max_)


def test_a_link_is_ended_by_who_began_it(app: App, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("lea")
    lea, eve = a_person(app, "lea"), a_person(app, "eve")
    answer = answer_of(lenient_provider.agree(leave(app, lenient_provider, lea), "lea"))
    with pytest.raises(SignInLost, match="not signed in any more"):
        come_back(app, eve, provider="lenient", browser=HERE, answer=answer)
    ticket = visit(app, lenient_provider, "lea", lea).ticket or ""
    with pytest.raises(SignInLost):
        link_identity(app, eve, ticket=ticket, browser=HERE)
    with pytest.raises(SignInLost):
        create_account(app, ticket=ticket, browser=HERE, username="lea-2")


def test_linking_and_unlinking_need_a_fresh_sign_in_and_full_access(
    app: App, clock: MovableClock, lenient_provider: Lenient
) -> None:
    lenient_provider.add_person("fay")
    fay = signed_up(app, lenient_provider, "fay", "fay")
    machine = create_token(app, fay, name="ci", scopes=[Scope.READ, Scope.MANAGE])
    narrow = authenticate(app, machine.secret)
    (identity,) = list_identities(app, fay).items
    with pytest.raises(TokenTooNarrow):
        unlink_identity(app, narrow, identity_id=identity.id)
    clock.move(ms=10 * 60 * 1000 + 1000)
    with pytest.raises(SignInTooOld):
        leave(app, lenient_provider, fay)
    with pytest.raises(SignInTooOld):
        unlink_identity(app, fay, identity_id=identity.id)


def test_a_command_line_is_as_fresh_as_the_session_that_approved_it(
    app: App, clock: MovableClock, lenient_provider: Lenient
) -> None:
    lenient_provider.add_person("eli")
    eli = signed_up(app, lenient_provider, "eli", "eli")
    assert leave(app, lenient_provider, approved(app, eli))
    clock.move(ms=10 * 60 * 1000 + 1000)
    with pytest.raises(SignInTooOld):
        leave(app, lenient_provider, approved(app, eli))


def approved(app: App, person: Caller) -> Caller:
    """The session of a command line that the person lets in."""
    verifier = "a-verifier-that-is-long-enough-for-the-standard"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    waiting = start_cli_session(app, code_challenge=challenge, client_name="laptop", address=ADDRESS)
    approve_cli_session(app, person, session_id=waiting.id)
    session = poll_cli_session(app, session_id=waiting.id, code_verifier=verifier).session
    assert session is not None
    return signed_in(app, session)


def test_the_last_way_in_stays(app: App, lenient_provider: Lenient, strict_provider: Strict) -> None:
    for provider in (lenient_provider, strict_provider):
        provider.add_person("zoe")
    zoe = signed_up(app, lenient_provider, "zoe", "zoe")
    (first,) = list_identities(app, zoe).items
    with pytest.raises(LastWayIn):
        unlink_identity(app, zoe, identity_id=first.id)
    link(app, strict_provider, "zoe", zoe)
    unlink_identity(app, zoe, identity_id=first.id)
    (second,) = list_identities(app, zoe).items
    with pytest.raises(LastWayIn):
        unlink_identity(app, zoe, identity_id=second.id)
    set_password(app, zoe, password="purple rain on mondays")
    unlink_identity(app, zoe, identity_id=second.id)
    assert list_identities(app, zoe).items == ()
    assert visit(app, lenient_provider, "zoe").ticket is not None


def test_an_identity_of_a_provider_that_was_removed_is_no_way_in(
    open_app: Callable[..., App],
    tmp_path: Path,
    clock: MovableClock,
    lenient_provider: Lenient,
    strict_provider: Strict,
) -> None:
    app = open_app()
    a_person(app, "rita")
    for provider in (lenient_provider, strict_provider):
        provider.add_person("uma")
    uma = signed_up(app, lenient_provider, "uma", "uma")
    link(app, strict_provider, "uma", uma)
    first, _ = list_identities(app, uma).items
    only_lenient = {"lenient": {"issuer": lenient_provider.issuer, "client_id": CLIENT_ID}}
    later = make_app(tmp_path, clock=clock, oidc=only_lenient)
    with pytest.raises(LastWayIn):
        unlink_identity(later, uma, identity_id=first.id)
    later.close()


def test_unlinking_signs_out_everywhere_else(app: App, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("kim")
    kim = signed_up(app, lenient_provider, "kim", "kim")
    set_password(app, kim, password="purple rain on mondays")
    thief = visit(app, lenient_provider, "kim").session
    assert thief is not None
    (identity,) = list_identities(app, kim).items
    unlink_identity(app, kim, identity_id=identity.id)
    assert again(app, kim).username == "kim"
    with pytest.raises(TokenRevoked):
        authenticate(app, thief.access_token)


def test_somebody_elses_identity_is_not_there(app: App, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("amy")
    (identity,) = list_identities(app, signed_up(app, lenient_provider, "amy", "amy")).items
    for wrong in (identity.id, "idn_none", "\x00", "é" * 200):
        with pytest.raises(IdentityNotFound):
            unlink_identity(app, a_person(app, f"eve-{len(wrong)}-{wrong[:1].isalnum()}".lower()), identity_id=wrong)


def test_what_has_expired_is_forgotten(app: App, clock: MovableClock, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("gus")
    visit(app, lenient_provider, "gus")
    clock.move(ms=2 * 24 * 3600 * 1000)
    forget_expired_sign_ins(app)
    with app.database.reading() as tx:
        for table in ("oidc_visits", "proven_identities"):
            assert tx.one(f"SELECT count(*) AS n FROM {table}") == {"n": 0}


def test_neither_states_nor_tickets_nor_browsers_are_stored_as_they_are(app: App, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("hal")
    url = leave(app, lenient_provider)
    state = dict(httpx.URL(url).params)["state"]
    back = come_back(
        app, ANONYMOUS, provider="lenient", browser=HERE, answer=answer_of(lenient_provider.agree(url, "hal"))
    )
    with app.database.reading() as tx:
        stored = str([tx.all(f"SELECT * FROM {table}") for table in ("oidc_visits", "proven_identities")])
    assert not [secret for secret in (state, back.ticket, HERE, CLIENT_SECRET) if secret and secret in stored]
    assert secret_of(a_person(app, "zed")) not in stored


def test_the_whole_way_works_on_both_databases(each_app: App, lenient_provider: Lenient, cheat: Hostile) -> None:
    oidc = {
        "lenient": OidcProvider(
            issuer=lenient_provider.issuer, client_id=CLIENT_ID, client_secret=SecretStr(CLIENT_SECRET)
        ),
        "cheat": OidcProvider(issuer=cheat.issuer, client_id=CLIENT_ID),
    }
    outbound = Outbound(http_loopback=True)
    settings = each_app.settings.model_copy(update={"oidc": oidc, "oidc_sign_up": "open"})
    app = replace(each_app, settings=settings, outbound=outbound, issuer_keys=IssuerKeys(outbound))
    a_person(app, "rita")
    lenient_provider.add_person("wes", email="wes@acme.example")
    wes = signed_up(app, lenient_provider, "wes", "wes")
    sent = dict(httpx.URL(begin_link(app, wes, provider="cheat", browser=HERE, goal="/", address=ADDRESS)).params)
    cheat.token = cheat.sign(cheat.claims(nonce=sent["nonce"]))
    answer = {"code": "anything", "state": sent["state"]}
    ticket = come_back(app, wes, provider="cheat", browser=HERE, answer=answer).ticket
    link_identity(app, wes, ticket=ticket or "", browser=HERE)
    first, second = list_identities(app, wes).items
    unlink_identity(app, wes, identity_id=first.id)
    with pytest.raises(LastWayIn):
        unlink_identity(app, wes, identity_id=second.id)
    assert visit(app, lenient_provider, "wes").ticket is not None
    forget_expired_sign_ins(app)
