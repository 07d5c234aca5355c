"""Where a skill comes from, for those who see the skill."""

from __future__ import annotations

from collections.abc import Collection

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.git_errors import OriginNotFound
from skillyard.domain.drive.git_model import Origin
from skillyard.domain.drive.store import origins as store
from skillyard.domain.registry import access
from skillyard.infra.database import Tx
from skillyard.skill.names import SkillName


def get_origin(app: App, caller: Caller, *, name: SkillName) -> Origin:
    """Raises SkillNotFound or OriginNotFound."""
    with app.database.reading() as tx:
        access.check_visible(tx, caller, name)
        return find_origin(tx, name)


def find_origin(tx: Tx, name: SkillName) -> Origin:
    """The caller sees the skill. Raises OriginNotFound."""
    origin = store.find_origin(tx, str(name))
    if origin is None or origin.commit is None:
        raise OriginNotFound(name=str(name))
    return origin


def list_origins(tx: Tx, names: Collection[str]) -> dict[str, Origin]:
    """Of those of these skills that come from git, by name; the caller sees them all."""
    return {name: origin for name, origin in store.list_origins(tx, names).items() if origin.commit is not None}
