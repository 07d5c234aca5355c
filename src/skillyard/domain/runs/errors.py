"""Why something about runs is refused."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Invalid, NotFound, PaymentRequired, TooMany, Unavailable


class RunNotFound(NotFound):
    code = "run_not_found"
    text = "There is no run {run_id}, or it is not yours."
    hint = "List yours with `skillyard runs`."


class SessionNotFound(NotFound):
    code = "session_not_found"
    text = "There is no session {session_id}, or it is not yours."
    hint = "List yours with `skillyard sessions`."


class SessionEnded(Conflict):
    code = "session_ended"
    text = "The session {session_id} is {status}; its workspace is gone."
    hint = "Open another one with `skillyard sessions open`."


class SessionBusy(Conflict):
    code = "session_busy"
    text = "Another run is under way in the session {session_id}."
    hint = "Wait for it to end, or run this one outside of the session."


class RunNotAcceptable(Invalid):
    code = "run_not_acceptable"
    text = "This cannot be run: {first}{more}."
    hint = "Correct the faults listed and send it again."


class RunFormNotReadable(Invalid):
    code = "run_form_not_readable"
    text = "The form cannot be read: {why}."
    hint = "Send `run` as JSON, and each file as `files/` and its path in the workspace."


class RunKeyUsedOtherwise(Invalid):
    code = "run_key_used_otherwise"
    text = "This key was used for another run."
    hint = "Use a new key for a new run."


class RunIsOver(Conflict):
    code = "run_is_over"
    text = "The run {run_id} has ended: it is {status}."
    hint = "Look at what came of it with `skillyard runs show {run_id}`."


class NoReceipt(NotFound):
    code = "no_receipt"
    text = "The run {run_id} has no receipt: it is {status}."
    hint = "There is one as soon as a run that was begun is over."


class RunFileNotFound(NotFound):
    code = "run_file_not_found"
    text = "The run {run_id} left no file {path}."
    hint = "List what it left with `skillyard runs files {run_id}`."


class SessionFileNotFound(NotFound):
    code = "session_file_not_found"
    text = "No run in the session {session_id} left a file {path}."
    hint = "Look at what its scripts write, and at the paths that they use."


class TooManyRuns(TooMany):
    code = "too_many_runs"
    text = "You have {limit} runs waiting already."
    hint = "Wait for some of them to end, or cancel them."


class NoRoomToday(TooMany):
    code = "no_room_today"
    text = "Your runs took {most_mb} MiB within a day, in files and output, which is the most for one person."
    hint = "Try again in some hours, and let scripts leave less behind."


class SandboxMissing(Unavailable):
    code = "sandbox_missing"
    text = "Nothing is run here: {why}."
    hint = "{what_to_do}"


class StepLost(Conflict):
    code = "step_lost"
    text = "The worker that ran {ref} died while its program ran; nobody knows what it did."
    hint = "Do it again under another reference if it may be done twice."


class StepRefused(Conflict):
    code = "step_refused"
    text = "{ref} was not run: {why}."
    hint = "Mend what the reason names, then do it again under another reference."


class StepUnderWay(Conflict):
    code = "step_under_way"
    text = "Another worker runs {ref}."
    hint = "Wait for it to end."


class FilesNotKept(Unavailable):
    code = "files_not_kept"
    text = "Some of the files are being removed from the store this very moment."
    hint = "Try again in a moment."


class RunCostsMore(PaymentRequired):
    code = "run_costs_more"
    text = "A run of {name} {version} costs {price} credits, and you agreed to {most} at most."
    hint = "Ask again, and agree to {price}: `--max-credits {price}` on the command line."
