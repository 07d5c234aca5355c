"""What the scripts of a skill need, as far as that can be told without running them."""

from __future__ import annotations

from skillyard.skill.permissions import NO_PERMISSIONS, Permissions
from skillyard.skill.scan.subject import Subject


def needs_of(subject: Subject) -> Permissions:  # noqa: ARG001
    """The least that the skill would have to declare."""
    return NO_PERMISSIONS
