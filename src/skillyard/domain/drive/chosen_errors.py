"""Why a skill of a drive is not run."""

from __future__ import annotations

from skillyard.infra.errors import Conflict


class SkillSwitchedOff(Conflict):
    code = "skill_switched_off"
    text = "{name} is switched off in the drive {drive}."
    hint = "Switch it on there: toggle it."
