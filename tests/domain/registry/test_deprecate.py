from __future__ import annotations

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.registry.deprecate import (
    deprecate_release,
    deprecate_skill,
    undeprecate_release,
    undeprecate_skill,
)
from skillyard.domain.registry.errors import NotYours, TextNotAcceptable
from skillyard.domain.registry.releases import get_release
from skillyard.domain.registry.skill import get_skill
from skillyard.infra.events import read_after
from skillyard.skill.names import SkillName
from tests.makers import a_release

PDF = SkillName("ada", "pdf")


def test_a_release_is_advised_against_and_not_any_more(app: App, ada: Caller) -> None:
    a_release(app, ada)
    assert deprecate_release(app, ada, name=PDF, version="latest", message="use 2").deprecated == "use 2"
    assert get_skill(app, ANONYMOUS, name=PDF).skill.deprecated is None
    assert undeprecate_release(app, ada, name=PDF, version="1.0.0").deprecated is None


def test_a_deprecated_skill_deprecates_every_release_that_has_no_message_of_its_own(app: App, ada: Caller) -> None:
    a_release(app, ada)
    deprecate_release(app, ada, name=PDF, version="1.0.0", message="broken")
    assert deprecate_skill(app, ada, name=PDF, message="use ada/documents").skill.deprecated == "use ada/documents"
    a_release(app, ada, version="1.1.0")
    assert get_release(app, ANONYMOUS, name=PDF, version="1.0.0").deprecated == "broken"
    assert get_release(app, ANONYMOUS, name=PDF, version="1.1.0").deprecated == "use ada/documents"
    assert undeprecate_skill(app, ada, name=PDF).skill.deprecated is None
    assert get_release(app, ANONYMOUS, name=PDF, version="1.1.0").deprecated is None


def test_each_change_is_one_event(app: App, ada: Caller) -> None:
    a_release(app, ada)
    for _ in range(2):
        deprecate_skill(app, ada, name=PDF, message="old")
    for _ in range(2):
        undeprecate_skill(app, ada, name=PDF)
    for _ in range(2):
        deprecate_release(app, ada, name=PDF, version="1.0.0", message="old")
    for _ in range(2):
        undeprecate_release(app, ada, name=PDF, version="1.0.0")
    with app.database.reading() as tx:
        kinds = [event.kind for event in read_after(tx, 0) if "deprecated" in event.kind]
    assert kinds == ["skill.deprecated", "skill.undeprecated", "release.deprecated", "release.undeprecated"]


def test_strangers_advise_nothing(app: App, ada: Caller, eve: Caller) -> None:
    a_release(app, ada)
    with pytest.raises(NotYours):
        deprecate_skill(app, eve, name=PDF, message="use mine")
    with pytest.raises(TextNotAcceptable):
        deprecate_skill(app, ada, name=PDF, message="\x1b[2J")
