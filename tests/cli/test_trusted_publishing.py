"""A CI job publishes with its identity, through a real server, a real OpenID provider and GitHub's protocol."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.identity_provider import GITHUB_JOB, IdentityProvider
from tests.journeys.running import Server, User, a_server, a_skill, sign_in


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, ci_system: IdentityProvider) -> Iterator[Server]:
    settings = {"trusted_issuers": f"github={ci_system.issuer}", "outbound_http_loopback": "true"}
    with a_server(tmp_path_factory.mktemp("server"), logins_per_minute="1000", **settings) as running:
        yield running


@pytest.fixture(scope="module")
def owner(server: Server, tmp_path_factory: pytest.TempPathFactory, ci_system: IdentityProvider) -> User:
    """Owns acme, and trusts one workflow of acme/skills to publish acme/pdf."""
    user = sign_in(server, tmp_path_factory.mktemp("owner") / "home", "ada")
    user.run("namespaces", "create", "acme")
    how = ("--github", "acme/skills", "--workflow", "release.yml", "--issuer", ci_system.issuer)
    done = user.run("trust", "add", "acme/pdf", *how)
    assert "acme/pdf trusts repository=acme/skills" in done.stdout
    return user


@pytest.fixture
def job(server: Server, tmp_path: Path) -> User:
    """A fresh machine of the CI system; nobody is signed in there."""
    return User(home=tmp_path / "runner", registry=server.url)


def publish(
    job: User, folder: Path, environment: Mapping[str, str], *more: str, expect: int = 0
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "skillyard.cli.main", "publish", "--oidc", str(folder), *more],
        env=job.environment | environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == expect, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def test_a_github_job_publishes_without_a_stored_token(
    owner: User, job: User, ci_system: IdentityProvider, tmp_path: Path
) -> None:
    folder = a_skill(tmp_path / "pdf", "pdf")
    done = publish(job, folder, ci_system.github_environment(), "--namespace", "acme", "--json")
    release: dict[str, Any] = json.loads(done.stdout)["release"]
    assert release["published_by"] == "acme/skills (GitHub Actions)"
    assert release["provenance"] == {
        "issuer": ci_system.issuer,
        "repository": "acme/skills",
        "workflow": GITHUB_JOB["workflow_ref"],
        "commit": GITHUB_JOB["sha"],
        "run_id": "90210",
    }
    assert "sky_tp" not in done.stdout + done.stderr
    assert "eyJ" not in done.stdout + done.stderr
    assert not (job.home / "config" / "config.json").exists()
    assert owner.data("info", "acme/pdf@1.0.0")["provenance"]["commit"] == GITHUB_JOB["sha"]
    shown = owner.run("info", "acme/pdf@1.0.0").stdout
    assert f"acme/skills at {GITHUB_JOB['sha']} run 90210 sworn by {ci_system.issuer}" in shown
    (publisher,) = owner.data("trust", "list", "acme/pdf")
    assert publisher["lasting"] == {"repository_id": "4711", "repository_owner_id": "42"}


def test_a_two_phase_publish_and_a_dry_run_work_the_same_way(
    owner: User, job: User, ci_system: IdentityProvider, tmp_path: Path
) -> None:
    environment = ci_system.github_environment()
    folder = a_skill(tmp_path / "pdf", "pdf", "1.1.0")
    publish(job, folder, environment, "-n", "acme", "--dry-run")
    publish(job, folder, environment, "-n", "acme", "--two-phase")
    assert owner.data("info", "acme/pdf@1.1.0")["provenance"]["run_id"] == "90210"


def test_a_gitlab_job_brings_its_token_in_a_variable(
    owner: User, job: User, ci_system: IdentityProvider, server: Server, tmp_path: Path
) -> None:
    folder = a_skill(tmp_path / "pdf", "pdf", "1.2.0")
    environment = {"GITLAB_CI": "true", "SKILLYARD_ID_TOKEN": ci_system.token(server.url)}
    publish(job, folder, environment, "-n", "acme")
    again = publish(job, a_skill(tmp_path / "b", "pdf", "1.2.1"), environment, "-n", "acme", "--json", expect=1)
    assert json.loads(again.stdout)["error"]["code"] == "id_token_used"


def test_another_workflow_is_refused_and_told_what_it_is(
    owner: User, job: User, ci_system: IdentityProvider, tmp_path: Path
) -> None:
    other = {**GITHUB_JOB, "workflow_ref": "acme/skills/.github/workflows/test.yml@refs/heads/main"}
    folder = a_skill(tmp_path / "pdf", "pdf", "2.0.0")
    done = publish(job, folder, ci_system.github_environment(other), "-n", "acme", "--json", expect=1)
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "no_trusted_publisher"
    assert "workflow_ref is acme/skills/.github/workflows/test.yml@refs/heads/main" in error["hint"]
    assert "eyJ" not in done.stdout + done.stderr


def test_another_skill_of_the_namespace_is_refused(
    owner: User, job: User, ci_system: IdentityProvider, tmp_path: Path
) -> None:
    folder = a_skill(tmp_path / "text", "text")
    done = publish(job, folder, ci_system.github_environment(), "-n", "acme", expect=1)
    assert "No trusted publisher of acme/text" in done.stderr


@pytest.mark.parametrize(
    ("environment", "hint"),
    [
        ({"GITHUB_ACTIONS": "true"}, "id-token: write"),
        ({"GITLAB_CI": "true"}, "id_tokens: {SKILLYARD_ID_TOKEN: {aud: http"),
        ({}, "SKILLYARD_ID_TOKEN"),
    ],
)
def test_a_job_without_an_identity_is_told_how_to_get_one(
    job: User, tmp_path: Path, environment: dict[str, str], hint: str
) -> None:
    done = publish(job, a_skill(tmp_path / "pdf", "pdf"), environment, "-n", "acme", expect=4)
    assert hint in done.stderr


def test_a_system_that_hands_out_no_token_is_told(job: User, ci_system: IdentityProvider, tmp_path: Path) -> None:
    environment = ci_system.github_environment() | {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-another-job"}
    done = publish(job, a_skill(tmp_path / "pdf", "pdf"), environment, "-n", "acme", expect=3)
    assert "did not hand out" in done.stderr
    assert "of-another-job" not in done.stderr


def test_a_job_must_name_the_namespace(job: User, ci_system: IdentityProvider, tmp_path: Path) -> None:
    done = publish(job, a_skill(tmp_path / "pdf", "pdf"), ci_system.github_environment(), expect=2)
    assert "--namespace" in done.stderr


def test_publishers_are_added_listed_and_removed(owner: User) -> None:
    added = owner.data(
        "trust", "add", "acme", "--gitlab", "acme/skills", "--workflow", ".gitlab-ci.yml", "--environment", "prod",
        "--claim", "ref_protected=true",
    )  # fmt: skip
    assert added["issuer"] == "https://gitlab.com"
    assert added["claims"] == {
        "project_path": "acme/skills",
        "ci_config_ref_uri": "gitlab.com/acme/skills//.gitlab-ci.yml",
        "environment": "prod",
        "ref_protected": "true",
    }
    assert added["id"] in owner.run("trust", "list", "acme").stdout
    assert "trusted no longer" in owner.run("trust", "remove", "acme", added["id"]).stdout
    assert added["id"] not in owner.run("trust", "list", "acme").stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["acme"], "ci_missing"),
        (["acme", "--github", "a/b"], "workflow_missing"),
        (["acme", "--github", "a/b", "--gitlab", "a/b", "--workflow", "x.yml"], "ci_missing"),
        (["acme", "--issuer", "https://x.example", "--claim", "sub"], "bad_claim"),
    ],
)
def test_what_is_missing_is_told(owner: User, arguments: list[str], code: str) -> None:
    assert owner.data("trust", "add", *arguments, expect=2)["error"]["code"] == code
