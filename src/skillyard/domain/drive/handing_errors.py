"""What handing skills in by ticket, and out as a bundle, refuses."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated


class TicketNotValid(Unauthenticated):
    code = "ticket_not_valid"
    text = "The upload ticket is not valid, or has expired."
    hint = "Tickets are good for ten minutes: ask for a new one with `skillyard ticket`."


class TicketUsed(Conflict):
    code = "ticket_used"
    text = "The upload ticket was used, or an upload with it is under way."
    hint = "A ticket is good for one skill: ask for another one with `skillyard ticket`."


class UploadNameTaken(Conflict):
    code = "upload_name_taken"
    text = "{name} exists already, and is not a private upload of yours: {why}."
    hint = "Give the skill another name in SKILL.md, or publish it with `skillyard publish`."


class BadUploadName(Invalid):
    code = "bad_upload_name"
    text = "The name of the file is not 1 to {most} visible characters."
    hint = "Name the archive as it is called on your disk, such as pdf.zip."


class BundleLinkNotValid(Forbidden):
    code = "bundle_link_not_valid"
    text = "The link to the bundle is not valid, or has expired."
    hint = "Links are good for 24 hours: ask for a new one with `skillyard bundle`."


class BundleEmpty(NotFound):
    code = "bundle_empty"
    text = "There is nothing to put into the bundle."
    hint = "Add skills first: `skillyard drive import NAME`."


class BundleWhat(Invalid):
    code = "bundle_what"
    text = "A bundle of a {scope} {needs}."
    hint = "Name the collection for a collection, the skill for a skill, and neither for the whole drive."


class TooManyBundles(TooMany):
    code = "too_many_bundles"
    text = "Too many bundles: {limit} of one person can be opened in a minute."
    hint = "Wait {retry_after_s} seconds, then try again."


class UploadFormNotReadable(Invalid):
    code = "upload_form_not_readable"
    text = "The form has no file called `file`."
    hint = "Send the archive as multipart/form-data: curl --form file=@skill.zip."
