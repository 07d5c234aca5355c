"""What is meant by a skill that somebody names: which drive has it, and in which version."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive import rules
from skillyard.domain.drive.chosen_errors import SkillSwitchedOff
from skillyard.domain.drive.reach import list_reach
from skillyard.domain.drive.slugs import find_name
from skillyard.domain.registry.model import DEFAULT_CHANNEL
from skillyard.domain.registry.runnable import have_scripts
from skillyard.infra.database import Tx
from skillyard.skill.names import SkillName


def read_source(app: App, text: str) -> str:
    """What `import_skill` takes, of an address, or of a slug as `find_name` reads it; raises what that raises."""
    return text if rules.is_address(text) else str(find_name(app, text))


def find_version(app: App, caller: Caller, name: SkillName) -> str:
    """The version that the caller's drives have, else the one on offer. Raises SkillSwitchedOff."""
    caller.must("read_drive")
    with app.database.reading() as tx:
        found = list_reach(tx, caller).get(str(name))
    if found is None or not caller.reaches(str(name)):
        return DEFAULT_CHANNEL
    if not found.item.enabled:
        raise SkillSwitchedOff(name=str(name), drive=found.item.drive)
    return found.item.version


def find_drive(app: App, caller: Caller, name: SkillName) -> str | None:
    """The drive of the caller's own or of a team's that the skill comes from; None: from none of them."""
    caller.must("read_drive")
    with app.database.reading() as tx:
        found = list_reach(tx, caller, shared=False).get(str(name))
    return found.item.drive if found else None


def has_scripts(app: App, caller: Caller) -> bool:
    """Whether anything that comes to the caller can be run."""
    caller.must("read_drive")
    with app.database.reading() as tx:
        return have_scripts(tx, _list_held(tx, caller))


def _list_held(tx: Tx, caller: Caller) -> list[tuple[str, str]]:
    reached = list_reach(tx, caller).values()
    return [(one.name, one.item.version) for one in reached if one.item.enabled and caller.reaches(one.name)]
