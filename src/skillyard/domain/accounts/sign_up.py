"""Who gets an account by signing in with a provider, and under which name. Pure decisions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from skillyard.domain.accounts import rules
from skillyard.domain.accounts.errors import SignUpClosed, SignUpForOthers
from skillyard.settings import SignUp
from skillyard.skill.names import MAX_NAME_CHARS

_MOST_EMAIL_CHARS = 254
_PLAIN_ENDINGS = 20
_WITHOUT_COMPANY = ("gmail.com", "googlemail.com")


def check_sign_up(sign_up: SignUp, domains: str, claims: Mapping[str, Any], *, is_google: bool) -> None:
    """Raises SignUpClosed, or SignUpForOthers for somebody whose domain is not listed."""
    if sign_up == "open":
        return
    if sign_up == "closed":
        raise SignUpClosed
    if domain_of(claims, is_google=is_google) not in re.split(r"[\s,]+", domains.lower()):
        raise SignUpForOthers


def domain_of(claims: Mapping[str, Any], *, is_google: bool) -> str | None:
    """The domain that the provider vouches for, lower case.

    Google vouches for a company's address only where it names the company in `hd` (Google, "Verify the Google ID token
    on your server side"): a private account can have had an address of a company that its owner left.
    """
    email = email_of(claims)
    domain = email.rpartition("@")[2].lower() if email and is_email_verified(claims) else None
    if is_google and domain not in _WITHOUT_COMPANY:
        company = claims.get("hd")
        return company.lower() if isinstance(company, str) and company else None
    return domain or None


def email_of(claims: Mapping[str, Any]) -> str | None:
    """The address if it is one that can be shown; never good for finding an account."""
    email = claims.get("email")
    if not isinstance(email, str) or not 3 <= len(email) <= _MOST_EMAIL_CHARS:
        return None
    return email if email.isprintable() and re.fullmatch(r"[^@\s]+@[^@\s]+", email) else None


def is_email_verified(claims: Mapping[str, Any]) -> bool:
    """Whether the provider vouches for an address that it names."""
    return email_of(claims) is not None and claims.get("email_verified") in (True, "true")


def display_name_of(claims: Mapping[str, Any], *, otherwise: str) -> str:
    name = claims.get("name")
    if not isinstance(name, str) or rules.check_label(name, what="name"):
        return otherwise
    return name


def propose_usernames(claims: Mapping[str, Any]) -> Iterator[str]:
    """Names that the account could have, the best first, each of them acceptable; whether one is free is not known."""
    wanted = (claims.get("preferred_username"), email_of(claims), claims.get("name"), "member")
    base = next(name for text in wanted if isinstance(text, str) and (name := _as_name(text)))
    names = [base, *(f"{base[: MAX_NAME_CHARS - 3].rstrip('-')}-{number}" for number in range(2, _PLAIN_ENDINGS))]
    return (name for name in names if not rules.check_new_name(name, what="username"))


def _as_name(text: str) -> str:
    """`Ada.Lovelace@acme.example` → `ada-lovelace`; empty when nothing is left."""
    local = text[:200].partition("@")[0]
    plain = unicodedata.normalize("NFKD", local).casefold().encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "-", plain)[:MAX_NAME_CHARS].strip("-")
