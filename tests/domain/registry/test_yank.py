from __future__ import annotations

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.registry.channels import set_channel
from skillyard.domain.registry.errors import NotYours, ReleaseNotFound, SkillNotFound, TextNotAcceptable
from skillyard.domain.registry.releases import get_release
from skillyard.domain.registry.skill import get_skill
from skillyard.domain.registry.yank import unyank, yank
from skillyard.infra.errors import Unauthenticated
from skillyard.infra.events import read_after
from skillyard.skill.names import SkillName
from tests.makers import a_release

PDF = SkillName("ada", "pdf")


def channels(app: App) -> dict[str, str]:
    return dict(get_skill(app, ANONYMOUS, name=PDF).channels)


def test_a_yanked_release_keeps_its_reason_and_stays_readable(app: App, ada: Caller) -> None:
    a_release(app, ada)
    yanked = yank(app, ada, name=PDF, version="1.0.0", reason=" leaks memory ").yanked
    assert yanked
    assert (yanked.reason, yanked.at_ms) == ("leaks memory", app.clock.now_ms())
    assert get_release(app, ANONYMOUS, name=PDF, version="1.0.0").yanked == yanked


def test_channels_fall_back_and_come_back(app: App, ada: Caller) -> None:
    a_release(app, ada, version="1.0.0")
    a_release(app, ada, version="1.1.0")
    a_release(app, ada, version="2.0.0-rc.1", channel="next")
    set_channel(app, ada, name=PDF, channel="stable", version="1.1.0")
    yank(app, ada, name=PDF, version="1.1.0", reason="bad")
    assert channels(app) == {"latest": "1.0.0", "next": "2.0.0-rc.1"}
    yank(app, ada, name=PDF, version="next", reason="bad")
    assert channels(app) == {"latest": "1.0.0"}
    assert unyank(app, ada, name=PDF, version="1.1.0").channels == ("latest",)
    assert channels(app) == {"latest": "1.1.0"}


def test_a_skill_of_which_everything_is_yanked_has_no_latest(app: App, ada: Caller) -> None:
    a_release(app, ada)
    yank(app, ada, name=PDF, version="1.0.0", reason="bad")
    page = get_skill(app, ANONYMOUS, name=PDF)
    assert (page.skill.latest_version, page.latest, page.versions_count) == (None, None, 1)
    with pytest.raises(ReleaseNotFound):
        get_release(app, ANONYMOUS, name=PDF, version="latest")
    a_release(app, ada, version="1.0.1")
    assert channels(app) == {"latest": "1.0.1"}


def test_yanking_twice_is_one_event_and_a_new_reason_another(app: App, ada: Caller) -> None:
    a_release(app, ada)
    for reason in ("bad", "bad", "worse"):
        yank(app, ada, name=PDF, version="1.0.0", reason=reason)
    for _ in range(2):
        unyank(app, ada, name=PDF, version="1.0.0")
    with app.database.reading() as tx:
        kinds = [event.kind for event in read_after(tx, 0) if event.kind.startswith("release")]
    assert kinds == ["release.published", "release.yanked", "release.yanked", "release.unyanked"]


def test_who_may_yank(app: App, ada: Caller, eve: Caller) -> None:
    a_release(app, ada)
    a_release(app, ada, "ada/hidden", visibility="private")
    with pytest.raises(Unauthenticated):
        yank(app, ANONYMOUS, name=PDF, version="1.0.0", reason="bad")
    with pytest.raises(NotYours):
        yank(app, eve, name=PDF, version="1.0.0", reason="bad")
    with pytest.raises(SkillNotFound):
        yank(app, eve, name=SkillName("ada", "hidden"), version="1.0.0", reason="bad")
    with pytest.raises(ReleaseNotFound):
        yank(app, ada, name=PDF, version="9.9.9", reason="bad")
    with pytest.raises(SkillNotFound):
        yank(app, ada, name=SkillName("ada", "gone"), version="1.0.0", reason="bad")
    with pytest.raises(TextNotAcceptable):
        yank(app, ada, name=PDF, version="1.0.0", reason=" ")
