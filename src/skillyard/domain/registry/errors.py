"""What the registry refuses."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unavailable


class SkillRefused(Invalid):
    code = "skill_refused"
    text = "{name} is refused: {first} ({count} faults)."
    hint = "Correct the faults listed and publish again; `skillyard publish --dry-run` shows them all."


class SkillNotFound(NotFound):
    code = "skill_not_found"
    text = "There is no skill {name}, or you may not see it."
    hint = "Check the name with `skillyard search`; sign in if it is private."


class NotYours(Forbidden):
    code = "not_yours"
    text = "{name} belongs to {namespace}, and you do not."
    hint = "Ask an owner of {namespace} to add you as a maintainer."


class ReleaseNotFound(NotFound):
    code = "release_not_found"
    text = "{name} has no version or channel {version}."
    hint = "Look at what there is with `skillyard info {name}`."


class FileNotInRelease(NotFound):
    code = "file_not_found"
    text = "{name} {version} has no file {path}."
    hint = "Look at the list of its files."


class BlobNotFound(NotFound):
    code = "blob_not_found"
    text = "There is no public archive {sha256}."
    hint = "Take the address from the release; archives of private skills have another one."


class ZipNotFound(NotFound):
    code = "zip_not_found"
    text = "{name} has no public zip {sha256}."
    hint = "Take the address from the skill's details: it names the zip of the version that is on offer."


class ReleaseExists(Conflict):
    code = "release_exists"
    text = "{name} {version} exists already, with {content} content."
    hint = "Releases are immutable: raise the version and publish again."


class NoSuchOrder(Invalid):
    code = "bad_order"
    text = "There is no order {sort}."
    hint = "Choose from relevance, updated, downloads and name."


class TextNotAcceptable(Invalid):
    code = "bad_text"
    text = "The {what} is not 1 to {most} visible characters."
    hint = "Shorten it, and leave out control characters."


class ChannelNotFound(NotFound):
    code = "channel_not_found"
    text = "{name} has no channel {channel}."
    hint = "Look at its channels with `skillyard info {name}`."


class BadChannel(Invalid):
    code = "bad_channel"
    text = "{channel} cannot be a channel: {why}."
    hint = "Choose a word such as next, beta or stable."


class LatestStays(Conflict):
    code = "latest_stays"
    text = "The channel latest cannot be removed."
    hint = "Point it to another version instead."


class ReleaseNotOffered(Conflict):
    code = "release_not_offered"
    text = "{name} {version} is yanked, quarantined or recalled."
    hint = "Choose another version, or see `skillyard info {name}` for what keeps it back."


class ReleaseQuarantined(Forbidden):
    code = "release_quarantined"
    text = "{name} {version} is quarantined: {why}"
    hint = "Do not use it. Its publisher can correct and publish it again, or appeal with `skillyard appeal`."


class UploadNotFound(NotFound):
    code = "upload_not_found"
    text = "There is no open upload {upload_id} of yours."
    hint = "It may have been used, abandoned or have expired: start a new one."


class UploadAddressNotValid(Forbidden):
    code = "upload_address_not_valid"
    text = "The upload address is not valid, or has expired."
    hint = "Use the address exactly as it was given out, or start a new upload."


class UploadNotReceived(Conflict):
    code = "upload_not_received"
    text = "The bytes of the upload {upload_id} have not arrived."
    hint = "PUT them to the upload address, then confirm."


class UploadConfirmedBefore(Conflict):
    code = "upload_confirmed"
    text = "This upload was confirmed already."
    hint = "There is nothing more to do; raise the version to publish again."


class UploadDiffers(Invalid):
    code = "upload_differs"
    text = "What was uploaded is not what is confirmed: {first}."
    hint = "Upload the archive again to the same address, or correct what you say of it, and confirm once more."


class DownloadAddressNotValid(Forbidden):
    code = "download_address_not_valid"
    text = "The download address is not valid, or has expired."
    hint = "Ask for the version's details again: they hold a fresh one."


class ReleaseRecalled(Forbidden):
    code = "release_recalled"
    text = "{name} {version} was recalled: {why}"
    hint = "Remove it where it is installed, and take another version."


class NeedsConsent(Forbidden):
    code = "needs_consent"
    text = "{name} {version} is flagged: {why}"
    hint = (
        "Read the findings. Whoever wants it all the same installs it with"
        " `skillyard install {name}@{version} --accept-flagged`, or adds &accept=flagged to the download address."
    )


class TooManyScans(TooMany):
    code = "too_many_scans"
    text = "Too many scans: the limit is {limit} per hour."
    hint = "Wait {retry_after_s} seconds, or scan on your machine with `skillyard scan`."


class ContentIsBeingRemoved(Unavailable):
    code = "content_is_being_removed"
    text = "An old copy of the same content is being cleaned away at this moment."
    hint = "Try again in a moment."


class UnknownAgent(Invalid):
    code = "unknown_agent"
    text = "There is no agent {agent} that we know of."
    hint = "Choose from {known}."


class ResolutionConflict(Conflict):
    code = "resolution_conflict"
    text = "No set of versions satisfies all requirements."
    hint = "Loosen one of the requirements named in the explanation."


class ClosureTooLarge(Invalid):
    code = "closure_too_large"
    text = "The dependencies lead to more than {most} skills."
    hint = "Ask for fewer skills at once."


class NotScannedYet(Unavailable):
    code = "not_scanned_yet"
    text = "{name} {version} was not scanned yet."
    hint = "It was published before there was a scan; ask again in a minute."


class NothingToAppeal(Conflict):
    code = "nothing_to_appeal"
    text = "No finding of {rule} keeps {name} {version} back."
    hint = "Look at the findings with `skillyard info {name}@{version} --scan`."


class AppealNotFound(NotFound):
    code = "appeal_not_found"
    text = "There is no appeal {appeal_id}."
    hint = "List the open ones with `skillyard review list`."


class AppealIsAnswered(Conflict):
    code = "appeal_is_answered"
    text = "The appeal {appeal_id} was answered already."
    hint = "Publish an override of your own, or end one, if the answer was wrong."


class AppealIsOpen(Conflict):
    code = "appeal_is_open"
    text = "There is an open appeal against {rule} for {name} {version} already."
    hint = "Wait for its answer."


class SealedSkill(Forbidden):
    code = "sealed_skill"
    text = "{name} is sealed: the registry runs it, and hands out its files to members of its namespace only."
    hint = "Invoke it with `skillyard invoke {name}`."


class SealedNotSold(Conflict):
    code = "sealed_not_sold"
    text = "{name} is sealed: nobody could take the files that they would buy."
    hint = "Set a price for each invocation in its executable.json."


class OverrideNotFound(NotFound):
    code = "override_not_found"
    text = "There is no override {override_id} in force."
    hint = "See the overrides of a release with `skillyard info NAME@VERSION --scan`."


class BadExpiry(Invalid):
    code = "bad_expiry"
    text = "An override lasts 1 to {most} days, not {days}."
    hint = "Choose a time after which somebody should look again."


class AdvisoryNotFound(NotFound):
    code = "advisory_not_found"
    text = "There is no recall {advisory_id} in force."
    hint = "List recalls with `skillyard advisories`."


class NothingToRecall(Invalid):
    code = "nothing_to_recall"
    text = "No release of {name} is {versions}."
    hint = "Name versions that there are, or a range such as `>=1.2.0 <1.2.4`."


class SafeVersionIsNone(Invalid):
    code = "bad_safe_version"
    text = "{name} has no version {version} on offer that could be the safe one."
    hint = "Publish the corrected version first, or leave it out."
