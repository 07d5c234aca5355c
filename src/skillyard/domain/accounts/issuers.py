"""CI systems: which claims of their ID tokens name a workflow, which never pass to a new owner. Pure decisions.

Sources: GitHub, "OpenID Connect reference"; GitLab, "OpenID Connect (OIDC) Authentication Using ID Tokens".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from skillyard.domain.accounts.model import Provenance
from skillyard.skill.faults import Fault

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
GITLAB_ISSUER = "https://gitlab.com"

_MOST_CLAIMS = 20
_MOST_CHARS = 500
_CLAIM_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,100}")
# They say what a token is, and not whose: a publisher is not known by them.
_OF_THE_TOKEN = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "azp", "nonce"})
_REF = "@refs/"


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """`needed`: claims that a publisher must name, the one to find it by first. `workflow`: names a file at a ref; a
    publisher who names the file alone accepts every ref. `lasting`: ids that stay when a name gets a new owner.
    """

    name: str
    needed: tuple[str, ...] = ()
    workflow: str | None = None
    lasting: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)


GITHUB = System(
    name="GitHub Actions",
    needed=("repository", "workflow_ref"),
    workflow="workflow_ref",
    lasting=("repository_id", "repository_owner_id"),
    provenance={"repository": "repository", "workflow": "workflow_ref", "commit": "sha", "run_id": "run_id"},
)
GITLAB = System(
    name="GitLab CI",
    needed=("project_path", "ci_config_ref_uri"),
    workflow="ci_config_ref_uri",
    lasting=("project_id", "namespace_id"),
    provenance={
        "repository": "project_path",
        "workflow": "ci_config_ref_uri",
        "commit": "sha",
        "run_id": "pipeline_id",
    },
)
_KINDS = {"github": GITHUB, "gitlab": GITLAB}


@cache
def known_issuers(more: str) -> Mapping[str, System]:
    """Issuer → what it is. `more`: what the operator lists, `https://idp.example.org gitlab=https://…`.

    A generic one is known by its claims only. Raises ValueError for an entry that is no address.
    """
    issuers = {GITHUB_ISSUER: GITHUB, GITLAB_ISSUER: GITLAB}
    for word in filter(None, re.split(r"[\s,]+", more)):
        kind = next((kind for kind in _KINDS if word.startswith(f"{kind}=")), "")
        issuer = word.removeprefix(f"{kind}=")
        parts = urlsplit(issuer)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError(f"{word!r} is no address of an issuer")
        issuers[issuer] = _KINDS.get(kind) or System(name=parts.hostname)
    return issuers


def check_claims(system: System, claims: Mapping[str, str]) -> list[Fault]:
    """Faults of what a publisher is to be known by."""
    faults = [
        _fault(f"the claim {name} is missing", f"{system.name} needs it to name one workflow of one repository")
        for name in system.needed
        if name not in claims
    ]
    if not 1 <= len(claims) <= _MOST_CLAIMS:
        faults.append(_fault(f"there are not 1 to {_MOST_CLAIMS} claims", "name those that tell one publisher"))
    for name, value in claims.items():
        if not _CLAIM_NAME.fullmatch(name) or name in _OF_THE_TOKEN:
            faults.append(_fault(f"{name[:100]!a} is no claim to know a publisher by", "use `repository`, `sub` …"))
        elif not 1 <= len(value) <= _MOST_CHARS or not value.isprintable() or value != value.strip():
            faults.append(_fault(f"the value of {name} is not plain text", "copy it from a token of the CI system"))
    return faults


def subject_of(system: System, claims: Mapping[str, Any]) -> str:
    """What a publisher of this system is found by; empty where only the whole of its claims can tell."""
    return str(claims.get(system.needed[0], "")) if system.needed else ""


def identity_of(system: System, claims: Mapping[str, str]) -> str:
    """How it is called where a release says who published it. No person has a name like that."""
    shown = subject_of(system, claims) or ", ".join(f"{name}={claims[name]}" for name in sorted(claims))
    return f"{shown[:100]} ({system.name})"


def find_mismatches(
    system: System, wanted: Mapping[str, str], lasting: Mapping[str, str], claims: Mapping[str, Any]
) -> list[str]:
    """The names of claims that are not to the letter what they must be; the most telling ones first.

    `lasting`: the ids of the first use, none before that.
    """
    names = [*system.needed, *(name for name in sorted(wanted) if name not in system.needed)]
    wrong = [name for name in names if not _is_same(system, name, wanted[name], claims.get(name))]
    for name in system.lasting:
        value = claims.get(name)
        if not isinstance(value, str) or not value or value != lasting.get(name, value):
            wrong.append(name)
    return list(dict.fromkeys(wrong))


def lasting_of(system: System, claims: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(claims[name]) for name in system.lasting}


def provenance_of(system: System, issuer: str, claims: Mapping[str, Any]) -> Provenance:
    """What the token says about the run, as far as it is plain text."""
    said = {name: claims.get(claim) for name, claim in system.provenance.items()}
    plain = {
        name: value
        for name, value in said.items()
        if isinstance(value, str) and 1 <= len(value) <= _MOST_CHARS and value.isprintable()
    }
    return Provenance(issuer=issuer, **plain)


def _is_same(system: System, name: str, wanted: str, found: Any) -> bool:
    """A file of workflows stands in one folder, so that nothing before the first `@refs/` can hold another one."""
    if not isinstance(found, str):
        return False
    if name == system.workflow and _REF not in wanted:
        return found.partition(_REF)[0] == wanted and _REF in found
    return found == wanted


def _fault(message: str, hint: str) -> Fault:
    return Fault(code="bad_publisher", message=message, hint=hint)
