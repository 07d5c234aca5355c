"""Publish from CI without a stored token: ask the CI system who this job is, and exchange that for a short-lived token.

GitHub hands ID tokens out over HTTP to jobs with `permissions: id-token: write`; GitLab puts one into the variable that
the job's `id_tokens` names, SKILLYARD_ID_TOKEN for us.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from typing import Any

from skillyard.sdk.addresses import origin_of, with_query
from skillyard.sdk.client import Client
from skillyard.sdk.errors import ApiError, InputNeeded, NetworkError, SdkError
from skillyard.sdk.transport import Transport

ID_TOKEN_VARIABLE = "SKILLYARD_ID_TOKEN"  # noqa: S105 (a name)
_REQUEST_URL = "ACTIONS_ID_TOKEN_REQUEST_URL"
_REQUEST_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105 (a name)


def exchange_identity(client: Client, target: str, environment: Mapping[str, str] = os.environ) -> str:
    """A token that may publish `target` (ns/slug) for 15 minutes, for the CI job that this runs in.

    Raises InputNeeded outside of CI, or ApiError that shows what the job's own claims are where they do not match.
    """
    id_token = find_id_token(client.base_url, environment)
    try:
        return str(client.exchange_id_token(id_token, target)["access_token"])
    except ApiError as error:
        raise _explained(error, id_token) from None


def find_id_token(audience: str, environment: Mapping[str, str] = os.environ) -> str:
    """The job's ID token for `audience`, the address of the registry. Raises InputNeeded when there is none."""
    if environment.get(_REQUEST_URL) and environment.get(_REQUEST_TOKEN):
        return _ask_github(environment[_REQUEST_URL], environment[_REQUEST_TOKEN], audience)
    if token := environment.get(ID_TOKEN_VARIABLE, "").strip():
        return token
    raise InputNeeded(
        "This job has no identity to publish with.", code="no_ci_identity", hint=_hint(environment, audience)
    )


def _ask_github(url: str, token: str, audience: str) -> str:
    transport = Transport(origin=origin_of(url), token=token)
    try:
        answer = transport.get(with_query(url, {"audience": audience}))
        value = answer.json().get("value") if answer.status == 200 else None
    except (NetworkError, AttributeError):
        value = None
    finally:
        transport.close()
    if not isinstance(value, str) or not value:
        raise NetworkError(
            "GitHub did not hand out an ID token.",
            code="no_id_token",
            hint="Run the job again; it needs `permissions: id-token: write`.",
        )
    return value


def _explained(error: ApiError, id_token: str) -> SdkError:
    """The refusal with the values that this job's own token has where they do not match; the token itself never."""
    own = _read_claims(id_token)
    names = str(error.facts.get("claims", "")).split(", ")
    shown = "; ".join(f"{name} is {str(own[name])[:200]}" for name in names if name in own)
    if not shown:
        return error
    hint = f"This job's {shown}. {error.hint}"
    return ApiError(
        error.message, status=error.status, code=error.code, hint=hint, facts=error.facts, request_id=error.request_id
    )


def _read_claims(id_token: str) -> Mapping[str, Any]:
    try:
        part = id_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, IndexError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _hint(environment: Mapping[str, str], audience: str) -> str:
    if environment.get("GITHUB_ACTIONS"):
        return "Give the job `permissions: id-token: write`."
    if environment.get("GITLAB_CI"):
        return f"Give the job `id_tokens: {{{ID_TOKEN_VARIABLE}: {{aud: {audience}}}}}`."
    return f"Run it in GitHub Actions or GitLab CI, or put an ID token into {ID_TOKEN_VARIABLE}."
