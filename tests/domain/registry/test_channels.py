from __future__ import annotations

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry.channels import remove_channel, set_channel
from skillyard.domain.registry.errors import (
    BadChannel,
    ChannelNotFound,
    LatestStays,
    NotYours,
    ReleaseNotFound,
    ReleaseNotOffered,
)
from skillyard.domain.registry.yank import yank
from skillyard.infra.events import read_after
from skillyard.skill.names import SkillName
from tests.makers import a_release

PDF = SkillName("ada", "pdf")


def test_a_channel_is_pointed_moved_and_removed(app: App, ada: Caller) -> None:
    a_release(app, ada, version="1.0.0")
    a_release(app, ada, version="1.1.0")
    assert set_channel(app, ada, name=PDF, channel="stable", version="1.0.0").channels["stable"] == "1.0.0"
    assert set_channel(app, ada, name=PDF, channel="stable", version="latest").channels["stable"] == "1.1.0"
    set_channel(app, ada, name=PDF, channel="stable", version="1.1.0")
    assert remove_channel(app, ada, name=PDF, channel="stable").channels == {"latest": "1.1.0"}
    with app.database.reading() as tx:
        events = [(event.kind, event.data.get("version")) for event in read_after(tx, 0) if "channel" in event.kind]
    assert events == [("channel.set", "1.0.0"), ("channel.set", "1.1.0"), ("channel.removed", None)]


def test_latest_goes_back_by_hand_and_forward_by_the_next_release(app: App, ada: Caller) -> None:
    for version in ("1.0.0", "1.1.0"):
        a_release(app, ada, version=version)
    page = set_channel(app, ada, name=PDF, channel="latest", version="1.0.0")
    assert page.skill.latest_version == "1.0.0"
    a_release(app, ada, version="0.9.1")
    assert a_release(app, ada, version="1.1.1").channels == ("latest",)


def test_what_a_channel_may_not_be(app: App, ada: Caller, eve: Caller) -> None:
    a_release(app, ada, version="1.0.0")
    a_release(app, ada, version="1.1.0")
    yank(app, ada, name=PDF, version="1.0.0", reason="bad")
    with pytest.raises(BadChannel):
        set_channel(app, ada, name=PDF, channel="1.x", version="1.1.0")
    with pytest.raises(ReleaseNotOffered):
        set_channel(app, ada, name=PDF, channel="stable", version="1.0.0")
    with pytest.raises(ReleaseNotFound):
        set_channel(app, ada, name=PDF, channel="stable", version="3.0.0")
    with pytest.raises(LatestStays):
        remove_channel(app, ada, name=PDF, channel="latest")
    with pytest.raises(ChannelNotFound):
        remove_channel(app, ada, name=PDF, channel="gone")
    with pytest.raises(NotYours):
        set_channel(app, eve, name=PDF, channel="stable", version="1.1.0")
