"""The market in the browser, without JavaScript: finding, invoking once, and what becomes of it and of the money."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.market.claim import claim
from skillyard.domain.market.invocations import list_pending_invocations
from skillyard.domain.market.model import Offer, OfferSpec
from skillyard.domain.market.offers import get_offer
from skillyard.domain.market.publish_offer import publish_offer
from skillyard.domain.market.settle import complete, fail
from skillyard.domain.payments.credits import get_credits, grant_credits
from skillyard.skill.executable import Executable
from skillyard.skill.names import SkillName
from skillyard.skill.schemas import stored_schema
from tests.api.web.browser import Browser
from tests.makers import a_person, make_app

SENTENCE = "purple rain on mondays"
EVIL = "<script>alert(1)</script>"
SHOUT_IN = {"type": "object", "properties": {"text": {"type": "string", "minLength": 1}}, "required": ["text"]}
SHOUT_OUT = {"type": "object", "properties": {"loud": {"type": "string"}}, "required": ["loud"]}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path)
    yield app
    app.close()


@pytest.fixture
def ada(app: App) -> Caller:
    return a_person(app, "ada", password=SENTENCE)


@pytest.fixture
def shout(app: App, ada: Caller) -> Offer:
    """Ada works on it herself, for 10 credits each time."""
    executable = Executable(
        input_schema=stored_schema(json.dumps(SHOUT_IN)), output_schema=stored_schema(json.dumps(SHOUT_OUT)), price=10
    )
    return publish_offer(
        app, ada,
        OfferSpec(
            name=SkillName("ada", "shout"), version="1.0.0", description=f"Says it loudly {EVIL}", tags=("text",),
            executable=executable,
        ),
    )  # fmt: skip


@pytest.fixture
def grace(app: App, ada: Caller) -> Caller:
    grace = a_person(app, "grace", password=SENTENCE)
    grant_credits(app, ada, username="grace", amount="25", reason="a test")
    return grace


@pytest.fixture
def browser(app: App, grace: Caller) -> Browser:
    """Grace's."""
    browser = Browser(app)
    browser.sign_in("grace", SENTENCE)
    return browser


def page(browser: Browser, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status == status, answer.body
    return answer.body.decode()


def invoked(browser: Browser, value: object) -> str:
    """The page of a new invocation."""
    key = re.search(r'name="retry_key" value="([^"]+)"', page(browser, "/market/ada/shout"))
    assert key
    text = value if isinstance(value, str) else json.dumps(value)
    answer = browser.post("/market/ada/shout/invoke", input=text, retry_key=key[1])
    assert answer.status == 303, answer.body
    again = browser.post("/market/ada/shout/invoke", input=text, retry_key=key[1])
    assert again.headers["location"] == answer.headers["location"], "the same form sent twice is one invocation"
    return answer.headers["location"]


def test_everybody_finds_offers_and_sees_what_goes_in_and_comes_out(app: App, shout: Offer) -> None:
    stranger = Browser(app)
    for path in ("/market", "/market?q=loudly", "/market?tag=text", "/market?trust=L0&sort=price"):
        html = page(stranger, path)
        assert 'href="/market/ada/shout"' in html
        assert EVIL not in html
    assert "Nothing fits." in page(stranger, "/market?q=silence")
    assert "Nothing fits." in page(stranger, "/market?trust=L2")
    html = page(stranger, "/market/ada/shout")
    for part in ("10 credits", "minLength", "its provider works on each invocation", "Sign in to invoke it"):
        assert part in html
    assert page(stranger, "/market/ada/nothing", status=404)


def test_an_invocation_is_paid_when_it_is_delivered(
    app: App, ada: Caller, grace: Caller, shout: Offer, browser: Browser
) -> None:
    address = invoked(browser, {"text": f"hello {EVIL}"})
    waiting = page(browser, address)
    for part in ("waiting", "Set aside until it is delivered", 'http-equiv="refresh"', "Cancel"):
        assert part in waiting
    assert EVIL not in waiting
    assert get_credits(app, grace).available == 15
    (pending,) = list_pending_invocations(app, ada)
    claim(app, ada, invocation_id=pending.id)
    complete(app, ada, invocation_id=pending.id, output={"loud": f"HELLO {EVIL}"})
    done = page(browser, address)
    for part in ("delivered", "Paid.", "HELLO"):
        assert part in done
    assert EVIL not in done
    assert "http-equiv" not in done
    assert get_credits(app, grace).held == 0
    assert "completed" in page(browser, "/account/invocations")
    assert "1 of 1" in page(browser, "/market/ada/shout")
    page(browser, address)
    assert browser.post(f"{address}/rate", stars="4").status == 303
    assert "4 of 5" in page(browser, address)
    assert "4.0 of 5 (1)" in page(browser, "/market/ada/shout")
    assert b'role="alert"' in browser.post(f"{address}/rate", stars="6").body
    assert page(Browser(app), address, status=303) == ""


def test_what_fails_or_is_cancelled_costs_nothing(
    app: App, ada: Caller, grace: Caller, shout: Offer, browser: Browser
) -> None:
    cancelled = invoked(browser, {"text": "never mind"})
    assert browser.post(f"{cancelled}/cancel").status == 303
    assert "Given back" in page(browser, cancelled)
    failed = invoked(browser, {"text": "hello"})
    (pending,) = list_pending_invocations(app, ada)
    claim(app, ada, invocation_id=pending.id)
    assert b'role="alert"' in browser.post(f"{failed}/cancel").body, "it is being worked on"
    fail(app, ada, invocation_id=pending.id, code="hoarse", message=f"I lost my voice {EVIL}")
    html = page(browser, failed)
    assert "I lost my voice" in html
    assert EVIL not in html
    assert get_credits(app, grace).available == 25


@pytest.mark.parametrize(
    ("typed", "status", "told"),
    [("{", 422, "not JSON"), ("{}", 422, "text"), ('{"text": ""}', 422, "text"), ("", 422, "not JSON")],
)
def test_a_bad_input_is_told_beside_what_was_typed(
    app: App, grace: Caller, shout: Offer, browser: Browser, typed: str, status: int, told: str
) -> None:
    page(browser, "/market/ada/shout")
    refused = browser.post("/market/ada/shout/invoke", input=typed)
    assert refused.status == status
    assert told in refused.body.decode()
    assert 'role="alert"' in refused.body.decode()
    assert get_credits(app, grace).available == 25


def test_who_has_too_little_is_told_what_it_costs_and_where_to_get_it(app: App, shout: Offer, browser: Browser) -> None:
    for _ in range(2):
        invoked(browser, {"text": "hello"})
    page(browser, "/market/ada/shout")
    refused = browser.post("/market/ada/shout/invoke", input='{"text": "hello"}')
    assert refused.status == 402
    assert "10 credits" in refused.body.decode()


def test_the_owner_pays_nothing_and_a_stranger_sees_no_invocation(app: App, shout: Offer, browser: Browser) -> None:
    own = Browser(app)
    own.sign_in("ada", SENTENCE)
    address = invoked(own, {"text": "hello"})
    assert "free" in page(own, address)
    assert page(browser, address, status=404)


def test_the_example_in_the_form_comes_from_the_schema(app: App, shout: Offer, browser: Browser) -> None:
    assert get_offer(app, ANONYMOUS, name="ada/shout").price == 10
    assert "&#34;text&#34;: &#34;&#34;" in page(browser, "/market/ada/shout")


def test_a_request_on_the_board_knows_what_matches_it(app: App, shout: Offer, browser: Browser) -> None:
    assert "Nothing is wanted" in page(Browser(app), "/wanted")
    page(browser, "/wanted")
    fields = {"description": f"Say it loudly {EVIL}", "tags": "text, loud", "max_price": "50"}
    schemas = {"input_schema": json.dumps(SHOUT_IN), "output_schema": json.dumps(SHOUT_OUT)}
    posted = browser.post("/wanted", **fields, **schemas)
    assert posted.status == 303, posted.body
    html = page(Browser(app), posted.headers["location"])
    for part in ('href="/market/ada/shout"', "fits", "up to 50 credits", "skillyard compositions run ada/shout"):
        assert part in html
    assert EVIL not in html
    assert "Say it loudly" in page(Browser(app), "/wanted?tag=loud")
    page(browser, posted.headers["location"])
    assert browser.post(f"{posted.headers['location']}/status", status="closed").status == 303
    assert "Nothing is wanted" in page(Browser(app), "/wanted")
    assert "Open it again" in page(browser, posted.headers["location"])


@pytest.mark.parametrize(
    "field", [{"description": ""}, {"max_price": "-1"}, {"input_schema": "{"}, {"output_schema": '{"type": 7}'}]
)
def test_a_bad_request_is_told_beside_what_was_typed(browser: Browser, field: dict[str, str]) -> None:
    page(browser, "/wanted")
    refused = browser.post("/wanted", **{"description": "Say it loudly", "tags": "typed-before", **field})
    assert refused.status == 422
    assert 'role="alert"' in refused.body.decode()
    assert "typed-before" in refused.body.decode()
