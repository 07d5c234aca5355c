"""A team with a drive, who belongs to it and as what, and a stranger."""

from __future__ import annotations

from dataclasses import dataclass, replace

from skillyard.app import App
from skillyard.domain.accounts.members import set_member
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import Role
from skillyard.domain.drive.items import add_item, list_items
from skillyard.domain.drive.model import DriveItem
from skillyard.infra.clock import FixedClock
from skillyard.infra.events import Recorder
from skillyard.skill.names import SkillName
from tests.makers import a_person, a_release, again, an_organization

PDF = SkillName("ada", "pdf")
CSV = SkillName("ada", "csv")
TEAM = "acme"


@dataclass(frozen=True, kw_only=True)
class House:
    """Ada owns acme, mia maintains it, rea is its reader, eve does not belong to it."""

    app: App
    clock: FixedClock
    ada: Caller
    mia: Caller
    rea: Caller
    eve: Caller

    def publish(self, name: str = "ada/pdf", version: str = "1.0.0", *, visibility: str | None = None) -> SkillName:
        a_release(self.app, self.ada, name, version, visibility=visibility)
        return SkillName.parse(name)

    def add(self, name: SkillName = PDF, *, drive: str | None = None) -> DriveItem:
        return add_item(self.app, self.ada, name=name, drive=drive)

    def names(self, caller: Caller | None = None, drive: str | None = None) -> list[str]:
        return [item.name for item in list_items(self.app, caller or self.ada, drive=drive).items]


def a_house(app: App) -> House:
    clock = FixedClock()
    app = replace(app, clock=clock, events=Recorder(clock, app.bell))
    ada = an_organization(app, a_person(app, "ada"), TEAM)
    others = {name: a_person(app, name) for name in ("mia", "rea", "eve")}
    for name, role in (("mia", Role.MAINTAINER), ("rea", Role.READER)):
        set_member(app, ada, namespace=TEAM, username=name, role=role)
        others[name] = again(app, others[name])
    return House(app=app, clock=clock, ada=ada, **others)
