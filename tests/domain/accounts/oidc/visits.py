"""Being the person: to a provider and back, below the surfaces."""

from __future__ import annotations

import time

import httpx

from skillyard.app import App
from skillyard.domain.accounts.identities import create_account, link_identity
from skillyard.domain.accounts.identity import Return
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.accounts.oidc_sign_in import begin_link, begin_sign_in, come_back
from tests.makers import signed_in
from tests.peers.oidc.providers import Lenient, Provider

HERE, ELSEWHERE = "the browser of this test", "another browser"
ADDRESS = "192.0.2.7"


class MovableClock:
    """The real time, which tests can move on: providers live in it as well."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms

    def move(self, *, ms: int) -> None:
        self.ahead_ms += ms


def name_of(provider: Provider) -> str:
    return "lenient" if isinstance(provider, Lenient) else "strict"


def answer_of(address: str) -> dict[str, str]:
    """What a provider says to us, in the address that it sends the browser to."""
    return dict(httpx.URL(address).params)


def leave(app: App, provider: Provider, caller: Caller = ANONYMOUS, *, browser: str = HERE) -> str:
    name, goal = name_of(provider), "/skills"
    if caller is ANONYMOUS:
        return begin_sign_in(app, provider=name, browser=browser, goal=goal, address=ADDRESS)
    return begin_link(app, caller, provider=name, browser=browser, goal=goal, address=ADDRESS)


def visit(app: App, provider: Provider, who: str, caller: Caller = ANONYMOUS) -> Return:
    """There and back again, as that person."""
    back = provider.agree(leave(app, provider, caller), who)
    return come_back(app, caller, provider=name_of(provider), browser=HERE, answer=answer_of(back))


def signed_up(app: App, provider: Provider, who: str, username: str) -> Caller:
    """A new account with this identity and nothing else."""
    ticket = visit(app, provider, who).ticket
    assert ticket is not None
    session = create_account(app, ticket=ticket, browser=HERE, username=username).session
    assert session is not None
    return signed_in(app, session)


def link(app: App, provider: Provider, who: str, caller: Caller) -> None:
    ticket = visit(app, provider, who, caller).ticket
    assert ticket is not None
    link_identity(app, caller, ticket=ticket, browser=HERE)
