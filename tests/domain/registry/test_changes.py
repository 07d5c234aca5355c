from __future__ import annotations

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.registry.changes import current_position, list_changes, names_after
from skillyard.domain.registry.channels import set_channel
from skillyard.domain.registry.yank import yank
from skillyard.infra.paging import BadCursor
from skillyard.skill.names import SkillName
from tests.makers import a_release

PDF = SkillName("ada", "pdf")


def test_the_feed_tells_what_happened_in_order_and_goes_on_from_its_cursor(app: App, ada: Caller) -> None:
    a_release(app, ada)
    a_release(app, ada, version="1.1.0")
    first = list_changes(app, ANONYMOUS, limit=1)
    assert [(change.kind, change.name, change.version) for change in first.items] == [
        ("release.published", "ada/pdf", "1.0.0")
    ]
    rest = list_changes(app, ANONYMOUS, cursor=first.next_cursor)
    assert [change.version for change in rest.items] == ["1.1.0"]
    end = list_changes(app, ANONYMOUS, cursor=rest.next_cursor)
    assert end.items == ()
    yank(app, ada, name=PDF, version="1.1.0", reason="bad")
    set_channel(app, ada, name=PDF, channel="stable", version="1.0.0")
    more = list_changes(app, ANONYMOUS, cursor=end.next_cursor)
    assert [change.kind for change in more.items] == ["release.yanked", "channel.set"]


def test_the_end_has_a_cursor_too(app: App) -> None:
    empty = list_changes(app, ANONYMOUS)
    assert empty.items == ()
    assert list_changes(app, ANONYMOUS, cursor=empty.next_cursor).items == ()


def test_positions_grow(app: App, ada: Caller) -> None:
    for minor in range(5):
        a_release(app, ada, version=f"1.{minor}.0")
    positions = [change.position for change in list_changes(app, ANONYMOUS).items]
    assert positions == sorted(set(positions))


def test_who_follows_learns_the_names(app: App, ada: Caller) -> None:
    position = current_position(app)
    assert names_after(app, position) == (set(), position)
    a_release(app, ada)
    names, end = names_after(app, position)
    assert (names, end) == ({"ada/pdf"}, current_position(app))


def test_a_cursor_that_is_none_is_refused(app: App) -> None:
    with pytest.raises(BadCursor):
        list_changes(app, ANONYMOUS, cursor="xyz")
