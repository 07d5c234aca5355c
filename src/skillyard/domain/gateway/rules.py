"""What a credential may look like."""

from __future__ import annotations

from skillyard.domain.gateway.errors import (
    CredentialLabelNotAcceptable,
    ProviderNotAcceptable,
    SecretNotAcceptable,
)
from skillyard.skill.names import check_name

MOST_CREDENTIALS = 50
MOST_SECRET_CHARS = 8000
_MOST_LABEL_CHARS = 100
_LEAST_SECRET_CHARS = 8  # a shorter one could not be told from other text, to be taken out of it


def check_credential(*, provider: str, secret: str, label: str) -> None:
    """Raises ProviderNotAcceptable, SecretNotAcceptable, CredentialLabelNotAcceptable. None shows the secret."""
    if check_name(provider):
        raise ProviderNotAcceptable
    if len(label) > _MOST_LABEL_CHARS or not label.isprintable():
        raise CredentialLabelNotAcceptable(most=_MOST_LABEL_CHARS)
    if not _LEAST_SECRET_CHARS <= len(secret) <= MOST_SECRET_CHARS:
        raise SecretNotAcceptable(why=f"it must have {_LEAST_SECRET_CHARS} to {MOST_SECRET_CHARS} characters")
    if not all(char.isprintable() or char in "\n\t" for char in secret):
        raise SecretNotAcceptable(why="it holds characters that cannot be printed")
