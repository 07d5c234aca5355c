"""Device sign-in on the wire (RFC 8628)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Secret, Text, example
from skillyard.domain.accounts.cli_session import CliSession
from skillyard.domain.accounts.model import Session

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
EVERYTHING = "*"
_EXAMPLE_CODE = "cli_01jd0000000000000000000000.…"


class CodeBody(BaseModel):
    model_config = example({"client_id": "my-agent", "scope": "github slack"})

    client_id: Text = Field(default="An agent", min_length=1, description="Shown to the person who approves.")
    scope: str = Field(
        default=EVERYTHING,
        max_length=2000,
        description="The integrations to call, with spaces between them; * for all.",
    )


class CodeAnswer(BaseModel):
    model_config = example(
        {
            "device_code": _EXAMPLE_CODE,
            "user_code": "BCDF-GHJK",
            "verification_uri": "https://skills.example.org/cli",
            "verification_uri_complete": "https://skills.example.org/cli/cli_01jd0000000000000000000000",
            "expires_in": 600,
            "interval": 5,
        }
    )

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int = Field(description="Seconds.")
    interval: int = Field(description="Seconds between two questions, at least.")


class DecisionBody(BaseModel):
    model_config = example({"user_code": "BCDF-GHJK"})

    user_code: Text
    decision: Literal["approve", "deny"] = "approve"


class DecisionAnswer(BaseModel):
    model_config = example({"user_code": "BCDF-GHJK", "client_id": "my-agent", "scope": "github", "status": "approved"})

    user_code: str
    client_id: str
    scope: str
    status: Literal["pending", "approved", "denied", "expired"]


class TokenBody(BaseModel):
    model_config = example({"grant_type": GRANT_TYPE, "device_code": _EXAMPLE_CODE, "client_id": "my-agent"})

    grant_type: Text
    device_code: Secret
    client_id: Text = Field(default="", description="Not looked at: the device code is a secret of its own.")


class TokenAnswer(BaseModel):
    model_config = example({"access_token": "sk_…", "token_type": "Bearer", "expires_in": 7776000})

    access_token: str = Field(description="The key, handed out this once.")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 (a kind)
    expires_in: int = Field(description="Seconds.")


def read_scope(scope: str) -> list[str] | None:
    """The integrations that are named; None for all."""
    words = scope.split()
    return None if not words or EVERYTHING in words else words


def show_scope(integrations: frozenset[str] | None) -> str:
    return EVERYTHING if integrations is None else " ".join(sorted(integrations))


def show_code(session: CliSession, *, verifier: str, address: str, interval_s: int) -> CodeAnswer:
    return CodeAnswer(
        device_code=f"{session.id}.{verifier}",
        user_code=session.user_code,
        verification_uri=f"{address}/cli",
        verification_uri_complete=f"{address}/cli/{session.id}",
        expires_in=(session.expires_ms - session.created_ms) // 1000,
        interval=interval_s,
    )


def show_decision(session: CliSession) -> DecisionAnswer:
    return DecisionAnswer(
        user_code=session.user_code,
        client_id=session.client_name,
        scope=show_scope(session.integrations),
        status=session.status,
    )


def show_token(session: Session, *, now_ms: int) -> TokenAnswer:
    return TokenAnswer(access_token=session.access_token, expires_in=(session.expires_ms - now_ms) // 1000)
