"""What a credential may look like."""

from __future__ import annotations

import re

from skillyard.domain.gateway.errors import (
    CredentialLabelNotAcceptable,
    ProviderNotAcceptable,
    SecretNotAcceptable,
)

MOST_CREDENTIALS = 50
MOST_SECRET_CHARS = 8000
_MOST_LABEL_CHARS = 100
_LEAST_SECRET_CHARS = 8  # a shorter one could not be told from other text, to be taken out of it
_PROVIDER = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def check_credential(*, provider: str, secret: str, label: str) -> None:
    """Raises ProviderNotAcceptable, SecretNotAcceptable, CredentialLabelNotAcceptable. None shows the secret."""
    if not is_provider(provider):
        raise ProviderNotAcceptable
    if len(label) > _MOST_LABEL_CHARS or not label.isprintable():
        raise CredentialLabelNotAcceptable(most=_MOST_LABEL_CHARS)
    if not _LEAST_SECRET_CHARS <= len(secret) <= MOST_SECRET_CHARS:
        raise SecretNotAcceptable(why=f"it must have {_LEAST_SECRET_CHARS} to {MOST_SECRET_CHARS} characters")
    if not all(char.isprintable() or char in "\n\t" for char in secret):
        raise SecretNotAcceptable(why="it holds characters that cannot be printed")


def is_provider(text: str) -> bool:
    return _PROVIDER.fullmatch(text) is not None
