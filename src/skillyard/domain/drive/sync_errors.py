"""What a sync refuses."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Invalid, NotFound, PaymentRequired


class SyncStateNotAcceptable(Invalid):
    code = "sync_state_not_acceptable"
    text = "What you say that you have cannot be read."
    hint = "Correct the faults listed and send it again."


class SyncNotCovered(PaymentRequired):
    code = "sync_not_covered"
    text = "The uploads of this sync cost {price} credits, and you have {there}."
    hint = "Buy credits at {purchase_url}, or sync with the mode as_many_as_credits_allow or pulls_only."


class SyncRunNotFound(NotFound):
    code = "sync_run_not_found"
    text = "There is no sync {run_id} of yours."
    hint = "Begin a new one; nothing is lost by that."


class SyncRunOver(Conflict):
    code = "sync_run_over"
    text = "The sync {run_id} is {status}."
    hint = "Begin a new one: it takes up what this one left."


class SyncNothingToUpload(Conflict):
    code = "sync_nothing_to_upload"
    text = "The sync {run_id} expects no upload of {slug}: it is {status}."
    hint = "Upload what the sync answered as pending, with `publish_as`."


class SyncMoved(Conflict):
    code = "sync_moved"
    text = "{name} has changed in the drive since this sync began."
    hint = "Sync again: what you have is merged with it."


class SyncPriceMoved(Conflict):
    code = "sync_price_moved"
    text = (
        "{name} was to cost {told} credits, and costs {price} by now: the drive has been filled since this sync began."
    )
    hint = "Sync again: what it costs is told before."


class SyncOtherSkill(Invalid):
    code = "sync_other_skill"
    text = "The archive is of the skill {said}, and the folder is {slug}."
    hint = "Make `name` in SKILL.md the same as the name of the folder."
