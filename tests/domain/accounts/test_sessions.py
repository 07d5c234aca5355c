"""Sessions: access tokens that say when they end, and refresh tokens that work once."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from skillyard.app import App
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.errors import (
    AccountSuspended,
    RefreshTokenNotValid,
    RefreshTokenUsedBefore,
    TokenExpired,
    TokenNotValid,
    TokenRevoked,
)
from skillyard.domain.accounts.jobs import forget_expired_sign_ins
from skillyard.domain.accounts.links import redeem_link
from skillyard.domain.accounts.model import Caller, Session
from skillyard.domain.accounts.passwords import set_password, sign_in_with_password
from skillyard.domain.accounts.people import suspend_user
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.sessions import renew_session, sign_out
from skillyard.infra.clock import FixedClock
from skillyard.infra.events import read_after
from tests.makers import a_link, a_person

DAY_S = 24 * 3600


@pytest.fixture
def session(app: App) -> Session:
    """Ada's; rita is the administrator."""
    a_person(app, "rita")
    return redeem_link(app, code=a_link(app), username="ada", password="purple rain on mondays")


def renewed(app: App, session: Session) -> Session:
    assert session.refresh_token is not None
    return renew_session(app, refresh_token=session.refresh_token)


def claims_of(token: str) -> tuple[dict[str, object], dict[str, object]]:
    """As a client reads them that does not check the signature."""
    header, claims, _ = (part + "=" * (-len(part) % 4) for part in token.split("."))
    return json.loads(base64.urlsafe_b64decode(header)), json.loads(base64.urlsafe_b64decode(claims))


def test_an_access_token_says_what_it_is_and_when_it_ends(app: App, session: Session) -> None:
    header, claims = claims_of(session.access_token)
    ada = authenticate(app, session.access_token)
    assert (header["typ"], header["alg"]) == ("at+jwt", "HS256")
    assert header["kid"]
    assert claims["iss"] == claims["aud"] == "http://127.0.0.1:8400"
    assert (claims["sub"], claims["jti"]) == (ada.user_id, ada.token_id)
    assert claims["exp"] == session.expires_ms // 1000
    assert claims["exp"] == claims["iat"] + 3600  # type: ignore[operator]


def test_an_access_token_cannot_be_made_from_what_the_database_holds(app: App, session: Session) -> None:
    """With the key and all that is known of the token, there is still what only its holder has."""
    _, claims = claims_of(session.access_token)
    again = app.token_signer.sign(
        token_id=str(claims["jti"]),
        subject=str(claims["sub"]),
        issued_ms=app.clock.now_ms(),
        expires_ms=session.expires_ms,
    )
    with pytest.raises(TokenNotValid):
        authenticate(app, again)


def test_a_session_is_renewed_before_and_after_its_access_token_ends(
    app: App, clock: FixedClock, session: Session
) -> None:
    second = renewed(app, session)
    assert authenticate(app, session.access_token).username == authenticate(app, second.access_token).username == "ada"
    clock.move(seconds=3600)
    with pytest.raises(TokenExpired):
        authenticate(app, second.access_token)
    assert authenticate(app, renewed(app, second).access_token).username == "ada"


def test_a_session_lasts_as_long_as_it_is_renewed_and_thirty_days_more(
    app: App, clock: FixedClock, session: Session
) -> None:
    for _ in range(3):
        clock.move(seconds=29 * DAY_S)
        forget_expired_sign_ins(app)
        session = renewed(app, session)
    clock.move(seconds=30 * DAY_S)
    with pytest.raises(RefreshTokenNotValid):
        renewed(app, session)


def test_a_refresh_token_that_comes_twice_ends_the_session(app: App, session: Session) -> None:
    second = renewed(app, session)
    with pytest.raises(RefreshTokenUsedBefore):
        renewed(app, session)
    with pytest.raises(RefreshTokenNotValid):
        renewed(app, second)
    for token in (session.access_token, second.access_token):
        with pytest.raises(TokenRevoked):
            authenticate(app, token)
    with app.database.reading() as tx:
        assert "user.session_ended" in {event.kind for event in read_after(tx, 0)}


def test_of_many_at_once_one_is_renewed_and_the_copies_end_it(each_app: App) -> None:
    a_person(each_app, "rita")
    session = redeem_link(each_app, code=a_link(each_app), username="ada")

    def attempt(_: int) -> Session | None:
        try:
            return renewed(each_app, session)
        except (RefreshTokenUsedBefore, RefreshTokenNotValid):
            return None

    with ThreadPoolExecutor(6) as pool:
        done = [found for found in pool.map(attempt, range(6)) if found]
    assert len(done) == 1
    with pytest.raises(TokenRevoked):
        authenticate(each_app, done[0].access_token)


def test_another_session_is_not_touched(app: App, session: Session) -> None:
    other = sign_in_with_password(app, username="ada", password="purple rain on mondays", address="192.0.2.1")
    renewed(app, session)
    with pytest.raises(RefreshTokenUsedBefore):
        renewed(app, session)
    assert authenticate(app, renewed(app, other).access_token).username == "ada"


def test_signing_out_ends_the_session_with_every_token_of_it(app: App, session: Session) -> None:
    second = renewed(app, session)
    sign_out(app, authenticate(app, second.access_token))
    for token in (session.access_token, second.access_token):
        with pytest.raises(TokenRevoked):
            authenticate(app, token)
    with pytest.raises(RefreshTokenNotValid):
        renewed(app, second)


def test_a_new_password_ends_all_other_sessions(app: App, session: Session) -> None:
    other = sign_in_with_password(app, username="ada", password="purple rain on mondays", address="192.0.2.1")
    here = authenticate(app, session.access_token)
    set_password(app, here, password="yellow sun on fridays", current_password="purple rain on mondays")
    with pytest.raises(RefreshTokenNotValid):
        renewed(app, other)
    assert authenticate(app, renewed(app, session).access_token).username == "ada"
    redeem_link(app, code=a_link(app, "ada"), password="a green moon on tuesdays")
    with pytest.raises(RefreshTokenNotValid):
        renewed(app, session)


def test_a_suspended_person_cannot_renew(app: App, session: Session) -> None:
    administrator = Caller(user_id="x", username="x", is_admin=True, scopes=frozenset(Scope))
    suspend_user(app, administrator, username="ada")
    with pytest.raises(AccountSuspended):
        renewed(app, session)


@pytest.mark.parametrize("wrong", ["", "x", "sky_rt_", "sky_rt_" + "0" * 38, "é", "sky_pt_" + "0" * 38])
def test_what_is_no_refresh_token_is_refused(app: App, wrong: str) -> None:
    with pytest.raises(RefreshTokenNotValid):
        renew_session(app, refresh_token=wrong)


def test_an_access_token_is_no_refresh_token_and_the_other_way_round(app: App, session: Session) -> None:
    with pytest.raises(RefreshTokenNotValid):
        renew_session(app, refresh_token=session.access_token)
    with pytest.raises(TokenNotValid):
        authenticate(app, session.refresh_token)


def test_sessions_are_forgotten_after_their_end(app: App, clock: FixedClock, session: Session) -> None:
    renewed(app, session)
    clock.move(seconds=32 * DAY_S)
    forget_expired_sign_ins(app)
    with app.database.reading() as tx:
        for table in ("sessions", "refresh_tokens", "tokens"):
            assert tx.one(f"SELECT count(*) AS n FROM {table}") == {"n": 0}
