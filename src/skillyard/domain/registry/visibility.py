"""Who may see a skill: everybody, whoever knows its name, or members only."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import access
from skillyard.domain.registry.model import SkillPage, Visibility, VisibilityChanged
from skillyard.domain.registry.skill import read_skill
from skillyard.domain.registry.statements import visibility_in_log
from skillyard.domain.registry.store import skills
from skillyard.domain.transparency.append import append
from skillyard.skill.log.leaf import Kind, Leaf
from skillyard.skill.names import SkillName


def set_visibility(app: App, caller: Caller, *, name: SkillName, visibility: Visibility) -> SkillPage:
    """Counts for the skill with all its releases, at once. Raises SkillNotFound or RoleTooLow."""
    by = access.check_may_manage(app, caller, name)
    with app.database.transaction() as tx:
        access.begin_change(tx, name)
        is_new = skills.set_visibility(tx, name, visibility)
        page = read_skill(tx, name)
        if is_new:
            in_log = visibility_in_log(visibility, is_for_sale=page.skill.is_for_sale)
            leaf = Leaf(
                kind=Kind.VISIBILITY,
                name=str(name),
                at_ms=app.clock.now_ms(),
                by=by,
                details={"visibility": in_log},
            )
            append(tx, leaf, visibility=in_log)
            app.events.record(tx, VisibilityChanged(name=str(name), visibility=visibility.value, by=by))
    return page
