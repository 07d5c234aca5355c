"""What is refused of connections, and of the ways to make them. No message has a secret in it."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Invalid, NotFound, TooMany, Unavailable, Upstream


class IntegrationNotConnected(Conflict):
    code = "not_connected"
    text = "You have no account connected at {integration}."
    hint = (
        "Connect one at {action_url}, or with `skillyard connections add {integration}` in the browser, or with a key:"
        " `skillyard connections key {integration}`."
    )


class ReconnectRequired(Conflict):
    code = "reconnect_required"
    text = "{title} does not take the token of {account} any longer: {why}."
    hint = "Connect the account again at {action_url}; its grants stay."


class ConnectionNotFound(NotFound):
    code = "connection_not_found"
    text = "You have no connection {wanted} at {integration}."
    hint = "`skillyard connections list` lists yours; name one by its id, or by its account."


class TooManyConnections(Conflict):
    code = "too_many_connections"
    text = "You have {most} connections, which is the most that you can have."
    hint = "Remove one first: `skillyard connections remove`."


class WayNotOffered(Invalid):
    code = "way_not_offered"
    text = "{title} is not connected with {what}."
    hint = "It takes: {ways}."


class ConnectionSecretsNotAcceptable(Invalid):
    code = "connection_secrets_not_acceptable"
    text = (
        "{title} needs these secrets, each of 1 to {most} printable characters without spaces at its ends, a key of"
        " ASCII only and a username without a colon: {names}."
    )
    hint = "{where}"


class ConnectionLabelNotAcceptable(Invalid):
    code = "connection_label_not_acceptable"
    text = "A label has at most {most} printable characters."
    hint = "Shorten it, or leave it out."


class VariablesNotAcceptable(Invalid):
    code = "connection_variables_not_acceptable"
    text = "What says which {title} is meant is not right; see the faults."
    hint = "Correct the faults listed and send it again."


class KeyRefused(Invalid):
    code = "key_refused"
    text = "{title} refuses this key: {why}."
    hint = "Check that it was copied whole, and is not revoked there. {where}"


class AccountNotUnderstood(Upstream):
    code = "account_not_understood"
    text = "{title} did not say whose account this is: {why}."
    hint = "Try again in a moment; if it stays, tell the operator of this registry."


class ConnectionBusy(Unavailable):
    code = "connection_busy"
    text = "The token of {account} is being renewed at {title}, and that takes long."
    hint = "Try again in a moment."


class OAuthRefused(Upstream):
    code = "oauth_refused"
    text = "{title} refuses: {error}."
    hint = "Begin again; if it stays, the operator of this registry must look at its client there."


class OAuthNotUnderstood(Upstream):
    code = "oauth_not_understood"
    text = "{title} could not be understood: {why}."
    hint = "Begin again in a moment; if it stays, tell the operator of this registry."


class OAuthNotReached(Upstream):
    code = "oauth_not_reached"
    text = "{title} could not be asked: {why}."
    hint = "Begin again in a moment; if it stays, check that the service is up."


class ClientMissing(Unavailable):
    code = "oauth_client_missing"
    text = "{title} does not know this registry yet, so nobody can sign in there from here."
    hint = (
        "The operator registers an OAuth application there with the redirect address {redirect_uri}, then stores what"
        " they get: `skillyard integrations client {integration}`."
    )


class ClientNotAcceptable(Invalid):
    code = "oauth_client_not_acceptable"
    text = "A client id and its secret have 1 to {most} printable characters each, of ASCII."
    hint = "Copy both anew from the page where you registered the application."


class ClientNotFound(NotFound):
    code = "oauth_client_not_found"
    text = "No client is stored for {integration}."
    hint = "One that is in the settings can only be changed there."


class ScopesNotAcceptable(Invalid):
    code = "oauth_scopes_not_acceptable"
    text = "Scopes are at most {most} words of printable ASCII without quotes and backslashes."
    hint = "Leave them out to ask for the usual ones."


class AttemptNotFound(NotFound):
    code = "connection_attempt_not_found"
    text = "There is no attempt {attempt_id} to connect an account, or somebody else began it."
    hint = "Begin again: `skillyard connections add`. Attempts are forgotten after a day."


class TooManyAttempts(TooMany):
    code = "too_many_connection_attempts"
    text = "You have begun to connect {limit} accounts in {window_s} seconds and finished none."
    hint = "Finish one, or wait {retry_after_s} seconds."


class AttemptLost(Invalid):
    code = "connection_attempt_lost"
    text = "This way to an account leads nowhere: {why}."
    hint = "Begin again where you began, and finish within ten minutes in the same browser."


class RenewalPaused(Unavailable):
    code = "connection_renewal_paused"
    text = "The token of {account} could not be renewed at {title} a moment ago."
    hint = "Try again in {retry_after_s} seconds."
