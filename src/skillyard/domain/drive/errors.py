"""What drives refuse."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Forbidden, Invalid, NotFound


class ItemNotFound(NotFound):
    code = "drive_item_not_found"
    text = "{name} is not in the drive {drive}."
    hint = "Look at what is in it with `skillyard drive list --drive {drive}`."


class BadSource(Invalid):
    code = "drive_bad_source"
    text = "{source} is neither the name of a skill nor an address."
    hint = "Write acme/pdf, or an address such as https://github.com/acme/tools/tree/main/pdf."


class BadSlug(Invalid):
    code = "drive_bad_slug"
    text = "{slug} cannot be what a skill is called: {why}."
    hint = "Choose a name such as pdf-tools, of letters, digits and single hyphens."


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


class NoUpdate(Conflict):
    code = "drive_no_update"
    text = "There is no other version for {name} in the drive {drive}, which has {version}."
    hint = "List what there is with `skillyard drive updates --drive {drive}`; of pinned skills nothing is offered."


class UpdateChanged(Conflict):
    code = "drive_update_changed"
    text = "{version} of {name} is not what is offered now; that is {now}."
    hint = "Look at {now} and decide on it: `skillyard diff {name} {now}`."


class ShareNotValid(NotFound):
    code = "drive_share_not_valid"
    text = "This link is not valid: it has expired, was revoked, or what it leads to is gone."
    hint = "Ask who gave it to you for a new one; links are good for {hours} hours."


class ShareNotFound(NotFound):
    code = "drive_share_not_found"
    text = "There is no share {share_id}, or it is not yours."
    hint = "List yours with `skillyard drive shares`."


class ShareNotYours(Forbidden):
    code = "drive_share_not_yours"
    text = "{name} is not open to everybody, and only owners of {namespace} may give it to others."
    hint = "Ask an owner of {namespace} to share it."


class SealedNotShared(Conflict):
    code = "drive_sealed_not_shared"
    text = "{name} is sealed: nobody but its members has its files, and everybody may invoke it."
    hint = "Tell others to use `skillyard invoke {name}`."


class TooManyShares(Conflict):
    code = "drive_too_many_shares"
    text = "The drive {drive} has {most} open links, which is the most."
    hint = "Revoke some, or wait until they expire."


class AlreadyInDrive(Conflict):
    code = "drive_has_it"
    text = "{name} is in the drive {drive} already."
    hint = "There is nothing to ask for."


class RequestNotFound(NotFound):
    code = "drive_request_not_found"
    text = "There is no request {request_id} that you may see."
    hint = "List them with `skillyard drive requests --drive TEAM`."


class RequestDecidedBefore(Conflict):
    code = "drive_request_decided"
    text = "The request {request_id} was {status} by {by}."
    hint = "Ask anew if it should be decided otherwise."


class TooManyRequests(Conflict):
    code = "drive_too_many_requests"
    text = "You have asked {drive} for {most} skills that nobody has decided on, which is the most."
    hint = "Take some back, or wait."


class NoteNotAcceptable(Invalid):
    code = "drive_note_not_acceptable"
    text = "The {what} is not at most {most} visible characters."
    hint = "Shorten it, and leave out control characters."
