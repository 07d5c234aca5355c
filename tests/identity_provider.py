"""A real OpenID provider on loopback that signs ID tokens of made-up CI jobs, and rotates its keys on demand."""

from __future__ import annotations

import contextlib
import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.tools import node, npm_install

_GRANT = "urn:example:ci-job"

# What a job of `.github/workflows/release.yml` in acme/skills is sworn to be; as GitHub's reference shows it.
GITHUB_JOB: Mapping[str, str] = {
    "sub": "repo:acme/skills:environment:production",
    "environment": "production",
    "ref": "refs/tags/v1.0.0",
    "sha": "0123456789abcdef0123456789abcdef01234567",
    "repository": "acme/skills",
    "repository_owner": "acme",
    "repository_id": "4711",
    "repository_owner_id": "42",
    "actor": "ada",
    "workflow": "Release",
    "workflow_ref": "acme/skills/.github/workflows/release.yml@refs/tags/v1.0.0",
    "job_workflow_ref": "acme/skills/.github/workflows/release.yml@refs/tags/v1.0.0",
    "event_name": "push",
    "ref_type": "tag",
    "run_id": "90210",
    "run_attempt": "1",
    "runner_environment": "github-hosted",
}
GITHUB_CLAIMS = {"repository": "acme/skills", "workflow_ref": "acme/skills/.github/workflows/release.yml"}


@dataclass(frozen=True)
class IdentityProvider:
    issuer: str

    def token(
        self,
        audience: str,
        claims: Mapping[str, Any] = GITHUB_JOB,
        *,
        algorithm: str = "RS256",
        expires_in: int = 300,
        **changed: Any,
    ) -> str:
        """An ID token with these claims; `changed` ones replace others."""
        job = {"claims": {**claims, **changed}, "alg": algorithm, "expires_in": expires_in}
        form = {"grant_type": _GRANT, "client_id": audience, "job": json.dumps(job)}
        answer = self._post("/token", urllib.parse.urlencode(form).encode())
        return str(json.loads(answer)["id_token"])

    def listed_keys(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.issuer}/jwks", timeout=10) as answer:
            return list(json.load(answer)["keys"])

    def rotate(self) -> None:
        """Sign with new keys from now on, and list the old ones no longer."""
        self._post("/_ci/rotate", b"")

    def github_environment(self, claims: Mapping[str, Any] = GITHUB_JOB) -> dict[str, str]:
        """What GitHub Actions gives a job that may ask for ID tokens, with these claims."""
        self._post("/_ci/claims", json.dumps(dict(claims)).encode())
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.issuer}/_ci/id-token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-this-job",
        }

    def _post(self, path: str, body: bytes) -> bytes:
        request = urllib.request.Request(self.issuer + path, data=body, method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bytes(answer.read())


@contextlib.contextmanager
def identity_provider() -> Iterator[IdentityProvider]:
    """Running until the end of the block."""
    package = npm_install("oidc-provider", "9.13.3")
    script = Path(__file__).with_suffix(".mjs")
    process = subprocess.Popen([node(), script, package], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        yield IdentityProvider(issuer=json.loads(process.stdout.readline())["issuer"])
    finally:
        process.terminate()
        process.wait(timeout=10)
