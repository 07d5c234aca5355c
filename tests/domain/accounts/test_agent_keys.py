"""Agents that sign in with their own key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from skillyard.app import App
from skillyard.domain.accounts.agent import Agent
from skillyard.domain.accounts.agent_keys import MOST_KEYS, ask_for_challenge, enroll_key, list_keys, remove_key
from skillyard.domain.accounts.agents import acting_agent, register_agent, remove_agent, update_agent
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.claims import attest, change_settings, revoke_claim
from skillyard.domain.accounts.errors import (
    AccountSuspended,
    AgentIsAnother,
    AgentKeyNotFound,
    AgentMayNotAct,
    AgentNotFound,
    EnrollmentFailed,
    ScopeMissing,
    TokenNotValid,
    TooManyAgentKeys,
)
from skillyard.domain.accounts.jobs import forget_expired_sign_ins
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.namespaces import create_namespace
from skillyard.domain.accounts.people import get_me, suspend_user
from skillyard.domain.accounts.rights import Role, Scope
from skillyard.domain.accounts.sessions import sign_out
from skillyard.domain.accounts.tokens import create_token
from skillyard.infra.agent_bearers import AgentBearerNotValid
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Forbidden
from tests.agent_key import Key, encode
from tests.makers import a_person


@pytest.fixture
def ada(app: App) -> Caller:
    """The administrator."""
    return a_person(app, "ada")


@pytest.fixture
def eve(app: App, ada: Caller) -> Caller:
    return a_person(app, "eve")


@pytest.fixture
def agent(app: App, eve: Caller) -> Agent:
    return register_agent(app, eve, name="scout")


@pytest.fixture
def key(app: App, eve: Caller, agent: Agent) -> Key:
    """Enrolled for the agent."""
    key = Key()
    key.enroll(app, eve, agent)
    return key


def signed_in(app: App, key: Key, agent: Agent) -> Caller:
    return authenticate(app, key.bearer(agent.id, app.clock.now_ms()))


def test_an_agent_is_its_owner_with_less_rights(app: App, eve: Caller, agent: Agent, key: Key) -> None:
    caller = signed_in(app, key, agent)
    assert (caller.user_id, caller.agent_id) == (eve.user_id, agent.id)
    assert caller.may("run")
    assert caller.may("read", on="eve")
    assert caller.roles == {"eve": Role.OWNER}
    for right in (
        "manage_agents",
        "manage_tokens",
        "manage_claims",
        "buy",
        "pay_out",
        "create_namespace",
        "administer",
    ):
        assert not caller.may(right), right
    assert not caller.may("publish", on="eve")
    with pytest.raises(ScopeMissing):
        create_namespace(app, caller, slug="acme")
    me = get_me(app, caller)
    assert (me.user.username, me.token.kind, me.token.name) == ("eve", "agent", "scout")
    sign_out(app, caller)
    assert signed_in(app, key, agent).agent_id == agent.id


def test_the_agent_of_an_administrator_administers_nothing(app: App, ada: Caller) -> None:
    agent = register_agent(app, ada, name="scout")
    key = Key()
    key.enroll(app, ada, agent)
    assert not signed_in(app, key, agent).is_admin


def test_a_bearer_is_good_once(app: App, agent: Agent, key: Key) -> None:
    bearer = key.bearer(agent.id, app.clock.now_ms())
    assert authenticate(app, bearer).agent_id == agent.id
    with pytest.raises(AgentBearerNotValid, match="used before"):
        authenticate(app, bearer)


def test_of_many_uses_at_once_one_counts(each_app: App) -> None:
    eve = a_person(each_app, "eve")
    agent = register_agent(each_app, eve, name="scout")
    key = Key()
    key.enroll(each_app, eve, agent)
    bearer = key.bearer(agent.id, each_app.clock.now_ms())

    def use(_: int) -> bool:
        try:
            return authenticate(each_app, bearer).agent_id == agent.id
        except AgentBearerNotValid:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(use, range(16))) == 1


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"exp": -120}, "expired"),
        ({"exp": None}, "lacks a time"),
        ({"exp": "soon"}, "no number"),
        ({"exp": True}, "no number"),
        ({"iat": 3600, "exp": 3660}, "not valid yet"),
        ({"nbf": 3600}, "not valid yet"),
        ({"exp": 3600}, "lives longer"),
        ({"aud": "skillyard"}, "claims iss and aud"),
        ({"aud": ["stack:agent", "other"]}, "claims iss and aud"),
        ({"jti": None}, "no id of its own"),
        ({"jti": ""}, "no id of its own"),
        ({"jti": 7}, "no id of its own"),
        ({"jti": "x" * 101}, "no id of its own"),
        ({"jti": "\x00"}, "no id of its own"),
    ],
)
def test_a_bearer_that_is_not_as_it_should_be_is_refused(
    app: App, agent: Agent, key: Key, changed: dict[str, object], why: str
) -> None:
    now_s = app.clock.now_ms() // 1000
    moved = {name: now_s + value if type(value) is int and name != "jti" else value for name, value in changed.items()}
    with pytest.raises(AgentBearerNotValid, match=why):
        authenticate(app, key.bearer(agent.id, app.clock.now_ms(), **moved))


def test_only_the_agents_own_keys_sign_for_it(app: App, eve: Caller, agent: Agent, key: Key) -> None:
    other = register_agent(app, eve, name="other")
    now_ms = app.clock.now_ms()
    good = key.bearer(agent.id, now_ms)
    body, _, signature = good.rpartition(".")
    unsigned = key.bearer(agent.id, now_ms, header={"alg": "none"}).rpartition(".")[0] + "."
    for bad in (
        Key().bearer(agent.id, now_ms),
        key.bearer(other.id, now_ms),
        key.bearer("agt_none", now_ms),
        key.bearer(agent.id, now_ms, header={"alg": "HS256"}),
        key.bearer(agent.id, now_ms, header={"alg": "EdDSA", "crit": ["x"]}),
        unsigned,
        f"{body}.{signature[:-4]}",
        f"{body}.",
        f"{body}.{signature}.",
    ):
        with pytest.raises((AgentBearerNotValid, TokenNotValid)):
            authenticate(app, bad)
    for not_ours in (key.bearer(agent.id, now_ms, iss="https://example.com"), key.bearer("", now_ms)):
        with pytest.raises(TokenNotValid):
            authenticate(app, not_ours)
    assert authenticate(app, good).agent_id == agent.id


def test_a_challenge_is_met_once_in_time_and_by_its_own_agent(
    app: App, clock: FixedClock, ada: Caller, eve: Caller, agent: Agent
) -> None:
    key, other = Key(), register_agent(app, eve, name="other")

    def enroll(challenge_id: str, signed: str, *, agent_id: str = agent.id, public_key: str = key.public) -> None:
        enroll_key(
            app, eve, agent_id=agent_id, public_key=public_key, challenge_id=challenge_id, signed_challenge=signed
        )

    asked = ask_for_challenge(app, eve, agent_id=agent.id)
    with pytest.raises(EnrollmentFailed, match="no such challenge"):
        enroll(asked.id, key.sign(asked.challenge), agent_id=other.id)
    for public_key in ("", "x", key.public + "=", key.public[:-1], "é" * 43, Key().public + "A"):
        with pytest.raises(EnrollmentFailed, match="not one of Ed25519"):
            enroll(asked.id, key.sign(asked.challenge), public_key=public_key)
    with pytest.raises(EnrollmentFailed, match="signature"):
        enroll(asked.id, Key().sign(asked.challenge))
    with pytest.raises(EnrollmentFailed, match="no such challenge"):
        enroll(asked.id, key.sign(asked.challenge))
    for challenge_id in ("", "\x00", "ach_none", "\ud800"):
        with pytest.raises(EnrollmentFailed, match="no such challenge"):
            enroll(challenge_id, "")
    late = ask_for_challenge(app, eve, agent_id=agent.id)
    clock.move(seconds=300)
    with pytest.raises(EnrollmentFailed, match="no such challenge"):
        enroll(late.id, key.sign(late.challenge))
    with pytest.raises(AgentNotFound):
        ask_for_challenge(app, ada, agent_id=agent.id)
    assert list_keys(app, eve, agent_id=agent.id) == []


def test_an_agent_cannot_claim_to_be_another(app: App, eve: Caller, agent: Agent, key: Key) -> None:
    other = register_agent(app, eve, name="other")
    caller = signed_in(app, key, agent)
    with app.database.reading() as tx:
        assert acting_agent(tx, caller, None) == acting_agent(tx, caller, agent.id) == agent.id
        with pytest.raises(AgentIsAnother):
            acting_agent(tx, caller, other.id)


def test_whoever_may_not_act_is_not_let_in(app: App, ada: Caller, eve: Caller, agent: Agent, key: Key) -> None:
    update_agent(app, eve, agent_id=agent.id, status="suspended")
    with pytest.raises(AgentMayNotAct):
        signed_in(app, key, agent)
    with pytest.raises(AgentMayNotAct):
        ask_for_challenge(app, eve, agent_id=agent.id)
    update_agent(app, eve, agent_id=agent.id, status="active")
    suspend_user(app, ada, username="eve")
    with pytest.raises(AccountSuspended):
        signed_in(app, key, agent)


def test_a_key_is_void_when_it_or_its_agent_is_removed(app: App, eve: Caller, agent: Agent, key: Key) -> None:
    second = Key()
    enrolled = second.enroll(app, eve, agent)
    assert remove_key(app, eve, agent_id=agent.id, key_id=enrolled.id) == enrolled
    with pytest.raises(AgentKeyNotFound):
        remove_key(app, eve, agent_id=agent.id, key_id=enrolled.id)
    with pytest.raises(AgentBearerNotValid):
        signed_in(app, second, agent)
    assert signed_in(app, key, agent)
    remove_agent(app, eve, agent_id=agent.id)
    with pytest.raises(AgentBearerNotValid):
        signed_in(app, key, agent)


def test_a_key_does_not_outlive_the_personal_token_it_was_enrolled_with(
    app: App, clock: FixedClock, eve: Caller, agent: Agent
) -> None:
    new = create_token(app, eve, name="ci", scopes=[Scope.READ, Scope.MANAGE], expires_in_days=1)
    key = Key()
    assert key.enroll(app, authenticate(app, new.secret), agent).expires_ms == new.token.expires_ms
    assert signed_in(app, key, agent)
    clock.move(seconds=24 * 3600)
    with pytest.raises(AgentBearerNotValid, match="none of the agent's keys"):
        signed_in(app, key, agent)
    forget_expired_sign_ins(app)
    assert list_keys(app, eve, agent_id=agent.id) == []


def test_an_agent_has_a_few_keys_and_the_same_one_once(app: App, eve: Caller, agent: Agent) -> None:
    keys = [Key() for _ in range(MOST_KEYS)]
    for key in keys:
        key.enroll(app, eve, agent)
    keys[0].enroll(app, eve, agent)
    assert len(list_keys(app, eve, agent_id=agent.id)) == MOST_KEYS
    with pytest.raises(TooManyAgentKeys):
        Key().enroll(app, eve, agent)


def test_a_withdrawn_claim_voids_the_keys_where_the_person_wants_it(
    app: App, ada: Caller, eve: Caller, agent: Agent, key: Key
) -> None:
    first = attest(app, ada, username="eve", claim_type="verified_human", assurance="high")
    revoke_claim(app, eve, claim_id=first.id)
    assert signed_in(app, key, agent)
    change_settings(app, eve, is_auto_revoked=True)
    second = attest(app, ada, username="eve", claim_type="verified_human", assurance="high")
    revoke_claim(app, ada, claim_id=second.id)
    with pytest.raises(AgentBearerNotValid):
        signed_in(app, key, agent)


def test_an_agent_enrolls_no_further_keys(app: App, agent: Agent, key: Key) -> None:
    with pytest.raises(Forbidden):
        ask_for_challenge(app, signed_in(app, key, agent), agent_id=agent.id)


SMALL_ORDER = (
    "00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "7f", "ed" + "ff" * 30 + "7f", "ee" + "ff" * 30 + "7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
)  # fmt: skip


@pytest.mark.parametrize("point", SMALL_ORDER)
@pytest.mark.parametrize("sign", [0, 0x80])
def test_a_key_for_which_anybody_can_sign_is_refused(
    app: App, eve: Caller, agent: Agent, point: str, sign: int
) -> None:
    key = bytearray.fromhex(point)
    key[-1] |= sign
    for _ in range(8):  # such a signature fits every eighth message at least
        asked = ask_for_challenge(app, eve, agent_id=agent.id)
        with pytest.raises(EnrollmentFailed, match="not one of Ed25519"):
            enroll_key(
                app, eve, agent_id=agent.id, public_key=encode(bytes(key)), challenge_id=asked.id,
                signed_challenge=encode(bytes(key) + bytes(32)),
            )  # fmt: skip
