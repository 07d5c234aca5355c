"""What the vault refuses."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Forbidden, Invalid, NotFound


class ProviderNotAcceptable(Invalid):
    code = "provider_not_acceptable"
    text = "What was given is no name of a service."  # it is not repeated: it may be the secret, in the wrong place
    hint = "Use a-z, 0-9 and single hyphens, such as `openai`; skills say which name they look for."


class SecretNotAcceptable(Invalid):
    code = "secret_not_acceptable"
    text = "The secret cannot be stored: {why}."
    hint = "Copy it anew from the service that it is for."


class CredentialLabelNotAcceptable(Invalid):
    code = "credential_label_not_acceptable"
    text = "A label has at most {most} printable characters."
    hint = "Shorten it, or leave it out."


class TooManyCredentials(Conflict):
    code = "too_many_credentials"
    text = "You have {most} credentials, which is the most that one person can have."
    hint = "Remove one first: `skillyard credentials remove`."


class CredentialNotFound(NotFound):
    code = "credential_not_found"
    text = "There is no credential {credential_id}, or it is not yours."
    hint = "`skillyard credentials list` lists yours."


class CredentialMissing(Conflict):
    code = "credential_missing"
    text = "There is no credential for {provider}."
    hint = "Whose key pays for this has to store one: `skillyard credentials add {provider}`."


class CredentialNotForScripts(Forbidden):
    code = "credential_not_for_scripts"
    text = "The credential for {provider} is not for scripts."
    hint = (
        "If you trust this skill's code with it, store it again: `skillyard credentials add {provider} --for-scripts`."
    )
