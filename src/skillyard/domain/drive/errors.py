"""What drives refuse."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, NotFound


class ItemNotFound(NotFound):
    code = "drive_item_not_found"
    text = "{name} is not in the drive {drive}."
    hint = "Look at what is in it with `skillyard drive list --drive {drive}`."


class DriveFull(Conflict):
    code = "drive_full"
    text = "The drive {drive} holds {most} skills, which is the most."
    hint = "Remove some that nobody uses."


class PrivateElsewhere(Conflict):
    code = "drive_private_elsewhere"
    text = "{name} is private in {namespace}, and the others of {drive} could not read it."
    hint = "Publish it in {drive}, or share it with them: `skillyard drive share {name}`."


class NotOnOffer(Conflict):
    code = "drive_not_on_offer"
    text = "No release of {name} is on offer."
    hint = "Wait for its publisher to publish one that is neither yanked nor quarantined."
