"""What administrators do, on the wire."""

from __future__ import annotations

from pydantic import BaseModel, Field

from skillyard.api.native.wire.auth import UserOnWire, show_user
from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.accounts.model import SignInLink, User
from skillyard.infra.clock import iso


class CreateSignInLinkBody(BaseModel):
    model_config = example({"username": "ada"}, closed=True)

    username: Text | None = Field(default=None, description="An existing account; absent: an invitation.")


class SignInLinkOnWire(BaseModel):
    model_config = example(
        {
            "url": "https://skills.example.org/sign-in/sky_link_…",
            "code": "sky_link_…",
            "expires_at": "2026-11-22T07:00:00.000Z",
        }
    )

    url: str
    code: str = Field(description="Shown this once; good for one sign-in.")
    expires_at: Time


class AccountState(BaseModel):
    model_config = example(
        {
            "user": {
                "username": "ada",
                "display_name": "Ada Lovelace",
                "is_admin": False,
                "created_at": "2026-11-21T07:00:00.000Z",
            },
            "suspended": True,
        }
    )

    user: UserOnWire
    suspended: bool


def show_link(link: SignInLink) -> SignInLinkOnWire:
    return SignInLinkOnWire(url=link.url, code=link.code, expires_at=iso(link.expires_ms))


def show_account_state(user: User) -> AccountState:
    return AccountState(user=show_user(user), suspended=user.is_suspended)
