"""What is refused of connections, and of the ways to make them. No message has a secret in it."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Invalid, NotFound, Unavailable, Upstream


class IntegrationNotConnected(Conflict):
    code = "not_connected"
    text = "You have no account connected at {integration}."
    hint = "Connect one at {action_url}, or with `skillyard connections add {integration}`."


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
    text = "{title} needs these secrets, each of 1 to {most} characters without spaces at its ends: {names}."
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
    hint = "Check that it was copied whole and is not revoked. {where}"


class AccountNotUnderstood(Upstream):
    code = "account_not_understood"
    text = "{title} did not say whose account this is: {why}."
    hint = "Try again in a moment; if it stays, tell the operator of this registry."


class ConnectionBusy(Unavailable):
    code = "connection_busy"
    text = "The token of {account} is being renewed at {title}, and that takes long."
    hint = "Try again in a moment."
