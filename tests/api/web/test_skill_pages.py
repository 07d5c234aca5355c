from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry.observed import note_observed
from skillyard.domain.registry.search import index_batch
from skillyard.domain.registry.yank import yank
from skillyard.infra.events import read_after
from skillyard.sandbox.model import Observed
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import NO_PERMISSIONS
from tests.api.web.browser import Browser
from tests.makers import FAILING, FLAGGED, a_person, a_release, make_app

SENTENCE = "purple rain on mondays"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path)
    yield app
    app.close()


@pytest.fixture
def ada(app: App) -> Caller:
    return a_person(app, "ada", password=SENTENCE)


@pytest.fixture
def browser(app: App) -> Browser:
    return Browser(app)


def index(app: App) -> None:
    with app.database.reading() as tx:
        events = read_after(tx, 0)
    index_batch(app, events)


def page(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status == 200
    return answer.body.decode()


def test_a_skill_page_shows_what_one_needs_to_decide(app: App, ada: Caller, browser: Browser) -> None:
    a_release(app, ada, "ada/text", "1.2.0")
    a_release(app, ada, "ada/pdf", "1.0.0")
    a_release(
        app, ada, "ada/pdf", "1.1.0", dependencies={"ada/text": "^1.0.0"}, tags="pdf", body="# Reading\n\n- *one*",
        files={"scripts/run.py": "print(1)"},
    )  # fmt: skip
    html = page(browser, "/ada/pdf")
    for part in (
        "skillyard install ada/pdf",
        "<h2>Reading</h2>",
        '<a href="/ada/text">ada/text</a><span class="mono soft">^1.0.0</span>',
        'href="/ada/pdf?version=1.0.0"',
        'href="/ada/pdf/1.1.0/files/scripts/run.py"',
        'href="/search?tag=pdf"',
        "MIT",
    ):
        assert part in html
    assert "skillyard install ada/pdf@1.0.0" in page(browser, "/ada/pdf?version=1.0.0")


def test_nothing_that_an_author_writes_becomes_code(app: App, ada: Caller, browser: Browser) -> None:
    a_release(app, ada, description=EVIL, body=EVIL, files={"a.html": EVIL}, tags="a-b", compatibility=EVIL)
    index(app)
    for path in ("/ada/pdf", "/ada/pdf/1.0.0/files/a.html", "/", "/search?q=alert"):
        html = page(browser, path)
        assert EVIL not in html
        assert "&lt;script&gt;" in html


def test_a_query_is_shown_as_text(browser: Browser) -> None:
    assert EVIL not in page(browser, "/search?q=%3Cscript%3Ealert(1)%3C/script%3E&tag=%22%3E%3Cscript%3Ealert(1)")


def test_a_private_skill_exists_for_members_only(app: App, ada: Caller, browser: Browser) -> None:
    a_release(app, ada, visibility="private")
    index(app)
    for path in ("/ada/pdf", "/ada/pdf/1.0.0/files/SKILL.md"):
        assert browser.get(path).status == 404
    assert "ada/pdf" not in page(browser, "/search") + page(browser, "/")
    browser.sign_in("ada", SENTENCE)
    assert "private" in page(browser, "/ada/pdf")
    assert "ada/pdf" in page(browser, "/search")


def test_the_search_forgives_a_typo_and_its_filters_can_be_removed(app: App, ada: Caller, browser: Browser) -> None:
    a_release(app, ada, "ada/charts", description="Draws charts from tables.", tags="svg")
    index(app)
    assert 'href="/ada/charts"' in page(browser, "/search?q=chrats")
    filtered = page(browser, "/search?q=charts&tag=svg&namespace=ada&sort=name")
    assert 'href="/ada/charts"' in filtered
    assert 'href="/search?q=charts&amp;tag=svg&amp;sort=name"' in filtered
    assert "Nothing fits" in page(browser, "/search?q=charts&tag=other")


@pytest.mark.parametrize("query", ["sort=nonsense", "agent=nobody", "cursor=x", "q=" + "x" * 201])
def test_a_bad_search_gets_a_page_that_says_so(browser: Browser, query: str) -> None:
    answer = browser.get(f"/search?{query}")
    assert answer.status == 422
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_a_flagged_version_says_why_and_what_the_scan_found(app: App, ada: Caller, browser: Browser) -> None:
    a_release(app, ada, files=FLAGGED)
    shown = page(browser, "/ada/pdf")
    assert "Version 1.0.0 is flagged." in shown
    assert "It is installed only with consent." in shown
    assert "requirements.txt:1" in shown
    assert "What to do:" in shown


def test_a_quarantined_version_shows_why_and_not_its_text(app: App, ada: Caller, browser: Browser) -> None:
    a_release(app, ada, files=FAILING, body="# A text that nobody should follow")
    shown = page(browser, "/ada/pdf?version=1.0.0")
    assert "Version 1.0.0 is quarantined." in shown
    assert "assets/settings.json" in shown
    assert "A text that nobody should follow" not in shown
    assert "skillyard install ada/pdf" not in shown


def test_a_yanked_skill_says_so(app: App, ada: Caller, browser: Browser) -> None:
    a_release(app, ada)
    yank(app, ada, name=SkillName("ada", "pdf"), version="1.0.0", reason="it eats files")
    assert "No version of this skill is on offer" in page(browser, "/ada/pdf")
    assert "it eats files" in page(browser, "/ada/pdf?version=1.0.0")


@pytest.mark.parametrize(
    "path",
    ["/ada/pdf", "/ada/%00", "/ADA/x", "/ada/pdf?version=9.9.9", "/ada/pdf/1.0.0/files/../../x", "/ada/%F0%9F/x/y"],
)
def test_what_is_not_there_is_a_page_that_says_so(browser: Browser, path: str) -> None:
    assert browser.get(path).status == 404


def test_a_file_that_is_no_text_is_named_only(app: App, ada: Caller, browser: Browser) -> None:
    a_release(app, ada, files={"data.bin": "a\0b", "long.txt": "x" * 300_000})
    for path in ("data.bin", "long.txt"):
        assert "not text, or too long" in page(browser, f"/ada/pdf/1.0.0/files/{path}")
    assert browser.get("/ada/pdf/1.0.0/files/none.txt").status == 404


def test_a_skill_page_says_what_runs_of_it_did_beyond_what_it_declares(app: App, ada: Caller, browser: Browser) -> None:
    release = a_release(app, ada, files={"scripts/run.py": "print(1)"})
    assert "What it did here" not in page(browser, "/ada/pdf")
    for observed, told in (
        (Observed(), "Nothing beyond what it declares."),
        (Observed(hosts_refused=("evil.example:443",)), "evil.example:443, which it does not declare"),
    ):
        with app.database.transaction() as tx:
            note_observed(tx, release.id, NO_PERMISSIONS, observed, now_ms=1)
        assert told in page(browser, "/ada/pdf")
