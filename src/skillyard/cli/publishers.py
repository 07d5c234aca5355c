"""Trusted publishing: which CI workflows may publish to a namespace without a stored token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
GITLAB_ISSUER = "https://gitlab.com"

trust = App(name="trust", help="CI workflows that may publish to a namespace without a stored token.")


@trust.command(name="add")
def add_publisher(
    target: Annotated[str, Parameter(help="The skill (ns/slug), or the namespace, that it may publish.")], /, *,
    github: Annotated[str | None, Parameter(help="Repository at GitHub: owner/name.")] = None,
    gitlab: Annotated[str | None, Parameter(help="Project at GitLab: group/name.")] = None,
    workflow: Annotated[str | None, Parameter(help="Its workflow: release.yml; at GitLab .gitlab-ci.yml.")] = None,
    environment: Annotated[str | None, Parameter(help="The environment that the job must run in.")] = None,
    issuer: Annotated[str | None, Parameter(help="Another issuer that the registry trusts.")] = None,
    claim: Annotated[list[str] | None, Parameter(help="NAME=VALUE that its ID tokens must have; repeatable.")] = None,
    registry: Registry = None, json: Json = False,
) -> None:  # fmt: skip
    """Let a workflow publish: `trust add acme/pdf --github acme/skills --workflow release.yml`."""
    namespace, _, slug = target.partition("/")
    claims = {**_named_claims(github, gitlab, workflow, issuer, environment), **_read_claims(claim or [])}
    address = issuer or (GITHUB_ISSUER if github else GITLAB_ISSUER)
    with Client(registry) as client:
        answer = client.add_publisher(namespace, address, claims, slug or None)
    if json:
        return show.data(answer)
    show.line("[bold]{target}[/] trusts {who}  [dim]{id}[/]", target=target, who=_who(answer), id=answer["id"])
    return None


@trust.command(name="list")
def list_publishers(namespace: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """List the workflows that may publish to a namespace, or to one skill of it."""
    with Client(registry) as client:
        found = client.publishers(namespace.partition("/")[0])
    if "/" in namespace:
        found = [publisher for publisher in found if publisher["skill"] in (None, namespace)]
    if json:
        return show.data(found)
    rows = [
        (publisher["id"], publisher["skill"] or publisher["namespace"], publisher["issuer"], _who(publisher),
         f"used {publisher['last_used_at']}" if publisher["last_used_at"] else "never used")
        for publisher in found
    ]  # fmt: skip
    show.table(["id", "may publish", "issuer", "who", "state"], rows)
    return None


@trust.command(name="remove")
def remove_publisher(namespace: str, publisher_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Trust a workflow no longer; what it was handed is void at once."""
    with Client(registry) as client:
        answer = client.remove_publisher(namespace.partition("/")[0], publisher_id)
    return show.data(answer) if json else show.line("{id} is trusted no longer", id=publisher_id)


def _named_claims(
    github: str | None, gitlab: str | None, workflow: str | None, issuer: str | None, environment: str | None
) -> dict[str, str]:
    """The claims that GitHub and GitLab tell a workflow by."""
    if bool(github) + bool(gitlab) > 1 or not (github or gitlab or issuer):
        raise UsageError(
            "It is not clear which CI system this is.", code="ci_missing", hint="Give --github, --gitlab or --issuer."
        )
    claims = {"environment": environment} if environment else {}
    if github or gitlab:
        if not workflow:
            raise UsageError(
                "The workflow is missing.", code="workflow_missing", hint="Name its file with --workflow release.yml."
            )
        claims |= _github_claims(github, workflow) if github else _gitlab_claims(str(gitlab), workflow, issuer)
    return claims


def _github_claims(repository: str, workflow: str) -> dict[str, str]:
    file = workflow if "/" in workflow.partition("@")[0] else f".github/workflows/{workflow}"
    return {"repository": repository, "workflow_ref": f"{repository}/{file}"}


def _gitlab_claims(project: str, workflow: str, issuer: str | None) -> dict[str, str]:
    host = (issuer or GITLAB_ISSUER).partition("://")[2].rstrip("/")
    return {"project_path": project, "ci_config_ref_uri": f"{host}/{project}//{workflow}"}


def _read_claims(texts: list[str]) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            raise UsageError(f"{text!a} is no claim.", code="bad_claim", hint="Write it as NAME=VALUE.")
    return dict(text.split("=", 1) for text in texts)


def _who(publisher: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in publisher["claims"].items())
