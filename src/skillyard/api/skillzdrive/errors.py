"""What only this surface refuses."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Forbidden, Invalid, TooMany, Unavailable


class SearchTextMissing(Invalid):
    code = "search_text_missing"
    text = "Without an API key there is nothing to list."
    hint = "Search with `?q=`, or send a key."


class FileOfWhat(Invalid):
    code = "file_of_what"
    text = "Name the skill or the session that the file is of, one of them."
    hint = "Send skillSlug for a file of a skill, sessionId for one that a script left."


class TooManyWithoutKey(TooMany):
    code = "too_many_without_key"
    text = "Too many requests without an API key: the limit is {limit} per minute and address."
    hint = "Wait {retry_after_s} seconds, or send a key."


class RunTakesTooLong(Unavailable):
    code = "run_takes_too_long"
    text = "The run {run_id} has not ended yet."
    hint = "It goes on; see what came of it with our native API, or run it again later."


class RunNotDone(Conflict):
    code = "run_not_done"
    text = "The run {run_id} is {status}: {why}."
    hint = "Nothing of it can be shown; mend what the reason names, and run it again."


class KeyOnlyUploads(Forbidden):
    code = "key_only_uploads"
    text = "This key may not read drives, as one that is only for uploads may not."
    hint = "Use a key that may read."
