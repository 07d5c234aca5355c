from __future__ import annotations

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.registry.deprecate import deprecate_skill
from skillyard.domain.registry.errors import NoSuchOrder, UnknownAgent
from skillyard.domain.registry.search import FoundPage, search
from skillyard.domain.registry.yank import yank
from skillyard.infra.clock import FixedClock
from skillyard.infra.paging import BadCursor, cursor_after
from skillyard.skill.names import SkillName
from tests.makers import a_release, indexed


@pytest.fixture
def stocked(app: App, ada: Caller, eve: Caller, clock: FixedClock) -> App:
    a_release(app, ada, "ada/spreadsheet", tags="tables, office", description="Fills tables.")
    clock.move(seconds=1)
    a_release(app, ada, "ada/pdf-tools", tags="office", compatibility="Claude Code")
    clock.move(seconds=1)
    a_release(app, eve, "eve/weather", description="Tells the forecast.", compatibility="Codex, Gemini")
    return indexed(app)


def names(page: FoundPage) -> list[str]:
    return [found.skill.name for found in page.items]


@pytest.mark.parametrize("text", ["spreadsheet", "spredsheet", "spreads", "ada/spreadsheet", "fills tables"])
def test_a_skill_is_found_by_name_typo_beginning_and_description(stocked: App, text: str) -> None:
    assert names(search(stocked, ANONYMOUS, text=text)) == ["ada/spreadsheet"]


def test_filters_narrow(stocked: App) -> None:
    assert names(search(stocked, ANONYMOUS, namespace="eve")) == ["eve/weather"]
    assert set(names(search(stocked, ANONYMOUS, tags=["office"]))) == {"ada/spreadsheet", "ada/pdf-tools"}
    assert names(search(stocked, ANONYMOUS, tags=["Office", "tables"])) == ["ada/spreadsheet"]
    assert set(names(search(stocked, ANONYMOUS, agent="codex"))) == {"ada/spreadsheet", "eve/weather"}
    assert names(search(stocked, ANONYMOUS, text="weather", agent="claude-code")) == []


def test_orders(stocked: App) -> None:
    assert names(search(stocked, ANONYMOUS, sort="name")) == ["ada/pdf-tools", "ada/spreadsheet", "eve/weather"]
    assert names(search(stocked, ANONYMOUS, sort="updated")) == ["eve/weather", "ada/pdf-tools", "ada/spreadsheet"]
    with pytest.raises(NoSuchOrder):
        search(stocked, ANONYMOUS, sort="beauty")
    with pytest.raises(UnknownAgent):
        search(stocked, ANONYMOUS, agent="clippy")


def test_pages(stocked: App) -> None:
    first = search(stocked, ANONYMOUS, sort="name", limit=2)
    rest = search(stocked, ANONYMOUS, sort="name", limit=2, cursor=first.next_cursor)
    assert names(first) + names(rest) == ["ada/pdf-tools", "ada/spreadsheet", "eve/weather"]
    assert (first.total, rest.total, rest.next_cursor) == (3, 3, None)
    with pytest.raises(BadCursor):
        search(stocked, ANONYMOUS, cursor=cursor_after("a"))
    assert search(stocked, ANONYMOUS, cursor=cursor_after(-5), limit=1).items
    assert search(stocked, ANONYMOUS, cursor=cursor_after(10**9)).items == ()


def test_what_changes_is_found_as_it_is_now(stocked: App, ada: Caller) -> None:
    a_release(stocked, ada, "ada/spreadsheet", "2.0.0", description="Draws charts.")
    deprecate_skill(stocked, ada, name=SkillName("ada", "spreadsheet"), message="old")
    indexed(stocked)
    (found,) = search(stocked, ANONYMOUS, text="charts").items
    assert (found.skill.latest_version, found.skill.deprecated) == ("2.0.0", "old")
    assert names(search(stocked, ANONYMOUS, text="fills")) == []
    yank(stocked, ada, name=SkillName("ada", "spreadsheet"), version="2.0.0", reason="bad")
    assert names(search(indexed(stocked), ANONYMOUS, text="fills")) == ["ada/spreadsheet"]
