"""Why a skill does not call something, and what is refused of grants."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated


class GrantMissing(Forbidden):
    code = "grant_missing"
    text = "{name} {version} has no consent to call {action}."
    hint = "Grant it at {action_url}, or with `skillyard grants give {name}@{version} {action}`."


class GrantStale(Forbidden):
    """`difference`: what is to approve, as `Difference` has it."""

    code = "grant_stale"
    text = "{action} was granted to {name} {granted}; {version} has other content."
    hint = "Look at what changed and approve it at {action_url}, or with `skillyard grants approve {name}@{version}`."


class GrantEnded(Forbidden):
    code = "grant_ended"
    text = "The time for which {name} {version} was granted {action} is over."
    hint = "Grant it anew at {action_url}, or with `skillyard grants give {name}@{version} {action}`."


class OutsideGrant(Forbidden):
    """`param`: which of the parameters is not as the grant limits it."""

    code = "outside_grant"
    text = "{action} is granted to {name} {version} only where {param} is {allowed}."
    hint = "Call it so, or grant it with other limits at {action_url}."


class ActionUndeclared(Forbidden):
    code = "action_undeclared"
    text = "{name} {version} does not declare that it calls {action}."
    hint = "It declares {declared}. Its author adds it to `permissions.integrations` in a new version."


class ActionNotAcceptable(Invalid):
    code = "action_not_acceptable"
    text = "What was given is not an action."
    hint = "Write it as github.create_issue, or github.* for all that reads or writes."


class GrantNotAcceptable(Invalid):
    code = "grant_not_acceptable"
    text = "This cannot be granted: {first}{more}."
    hint = "Correct the faults listed and send it again."


class GrantNotFound(NotFound):
    code = "grant_not_found"
    text = "There is no grant {grant_id}, or it is not yours."
    hint = "`skillyard grants list` lists yours."


class GrantForOtherContent(Conflict):
    code = "grant_for_other_content"
    text = "{name} {version} is not the content that you looked at."
    hint = "Look at it again: `skillyard grants needs {name}@{version}`."


class TooManyGrants(Conflict):
    code = "too_many_grants"
    text = "You have {most} grants, which is the most that you can have."
    hint = "Revoke those of versions that you do not run any more: `skillyard grants revoke`."


class LeaseRefused(Unauthenticated):
    code = "lease_refused"
    text = "This is not the lease of this run."
    hint = "Send the value of SKILLYARD_LEASE as a bearer token."


class RunCallNotReadable(Invalid):
    code = "run_call_not_readable"
    text = "The body of the call cannot be read: {why}."
    hint = 'Send {{"params": {{…}}}}.'


class NoSuchRunCall(NotFound):
    code = "no_such_run_call"
    text = "There is no {method} {path} here."
    hint = "Call POST /v1/github/create_issue; GET /v1/skills lists what the skill declares."
