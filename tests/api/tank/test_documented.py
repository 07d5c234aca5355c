"""Every example of Tank's page about its API, with only the host changed; by path, by host and by port."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.infra.clock import FixedClock
from tests.api.tank.cli import TankCli, pack
from tests.api.tank.conftest import signed_in_cli
from tests.makers import FAILING, FLAGGED, a_person, a_release, indexed, make_app

PLAIN = "/api/v1"


@pytest.fixture(params=["path", "host", "port"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TankCli]:
    """The documented base is a host of its own with `/api/v1` below it: by host and by port nothing else changes."""
    hosts = "registry.example.org, tank.example.org"
    app = make_app(tmp_path, clock=FixedClock(), tank_hosts=hosts, tank_port=8431)
    cli = signed_in_cli(app)
    if request.param != "path":
        cli.base = PLAIN
    if request.param == "host":
        cli.host = "registry.example.org"
    if request.param == "port":
        cli.port = 8431
    yield cli
    app.close()


def test_the_two_phases_of_a_publish(registry: TankCli) -> None:
    """POST /api/v1/skills, the tarball to the signed URL, POST /api/v1/skills/confirm."""
    skill = pack("@acme/skill")
    started = registry.start(skill).json()
    assert set(started) == {"uploadUrl", "skillId", "versionId"}
    assert registry.follow("PUT", started["uploadUrl"], skill.tarball).status == 200
    confirmed = registry.confirm(skill, started["versionId"]).json()
    assert confirmed["success"] is True
    assert (confirmed["name"], confirmed["version"]) == ("@acme/skill", "1.0.0")
    assert 0 <= confirmed["auditScore"] <= 10
    assert confirmed["scanVerdict"] in ("pass", "pass_with_notes", "flagged", "fail")


def test_a_version_that_exists_is_a_conflict(registry: TankCli) -> None:
    registry.publish(pack())
    answer = registry.start(pack())
    assert answer.status == 409
    assert isinstance(answer.json()["error"], str)


def test_the_metadata_of_a_skill(registry: TankCli) -> None:
    registry.publish(pack())
    skill = registry.get("/skills/%40acme%2Fhello").json()
    assert set(skill) == {
        "name", "description", "visibility", "latestVersion", "publisher", "createdAt", "updatedAt",
    }  # fmt: skip


def test_a_bare_name_is_enough_while_only_one_public_skill_has_it(registry: TankCli) -> None:
    registry.publish(pack())
    for path in ("", "/versions", "/1.0.0", "/1.0.0/files"):
        assert registry.get(f"/skills/hello{path}").json() == registry.get(f"/skills/%40acme%2Fhello{path}").json()
    a_release(registry.app, a_person(registry.app, "bob"), "bob/hello")
    assert registry.get("/skills/hello").status == 404
    assert registry.get("/skills/%40bob%2Fhello").status == 200


@pytest.mark.parametrize(
    "spelling",
    ["%40acme%2Fhello", "%40acme%2fhello", "@acme%2Fhello", "@acme/hello", "%40acme/hello", "acme%2Fhello"],
)
def test_a_name_is_read_however_it_is_encoded(registry: TankCli, spelling: str) -> None:
    registry.publish(pack())
    for path in ("", "/versions", "/1.0.0", "/1.0.0/files", "/1.0.0/files/SKILL.md"):
        assert registry.get(f"/skills/{spelling}{path}").status == 200


@pytest.mark.parametrize(
    "path", ["%40acme%252Fhello", "%40", "%40%2F", "%00", "%ff", "%40acme%2Fhello%2F1.0.0", "..%2F..", "@acme"]
)
def test_what_is_no_name_is_not_found(registry: TankCli, path: str) -> None:
    registry.publish(pack())
    answer = registry.get(f"/skills/{path}")
    assert answer.status == 404
    assert isinstance(answer.json()["error"], str)


def test_the_versions_newest_first(registry: TankCli) -> None:
    for version in ("1.0.0", "2.0.0", "1.0.1"):
        registry.publish(pack(version=version))
    listed = registry.get("/skills/%40acme%2Fhello/versions").json()
    assert listed["name"] == "@acme/hello"
    assert [one["version"] for one in listed["versions"]] == ["1.0.1", "2.0.0", "1.0.0"]
    assert set(listed["versions"][0]) == {"version", "integrity", "auditScore", "auditStatus", "publishedAt"}
    assert registry.get("/skills/%40acme%2Fhello").json()["latestVersion"] == "2.0.0"


def test_the_details_of_a_version(registry: TankCli) -> None:
    permissions = {
        "network": {"outbound": ["api.example.com"]},
        "filesystem": {"read": ["docs/**"], "write": ["out/**"]},
        "subprocess": True,
    }
    registry.publish(pack(permissions=permissions))
    detail = registry.get("/skills/%40acme%2Fhello/1.0.0").json()
    assert set(detail) == {
        "name", "version", "description", "integrity", "permissions", "auditScore", "auditStatus", "downloadUrl",
        "publishedAt", "downloads", "scanVerdict", "scanFindings", "dependencies",
    }  # fmt: skip
    assert detail["permissions"] == permissions
    assert (detail["downloads"], detail["dependencies"]) == (0, {})


def test_permissions_keep_to_the_closed_vocabulary(registry: TankCli) -> None:
    said = {"environment": ["API_BASE"], "integrations": ["github"], "network": {"outbound": []}}
    registry.publish(pack(permissions=said))
    assert registry.get("/skills/%40acme%2Fhello/1.0.0").json()["permissions"] == {}


def test_findings_say_where_and_how_bad(registry: TankCli) -> None:
    assert registry.publish(pack(files=FLAGGED)).json()["scanVerdict"] == "flagged"
    detail = registry.get("/skills/%40acme%2Fhello/1.0.0").json()
    assert (detail["auditStatus"], detail["scanVerdict"]) == ("flagged", "flagged")
    finding = detail["scanFindings"][0]
    assert set(finding) == {"stage", "severity", "type", "description", "location"}
    assert finding["location"] == "requirements.txt:1"
    assert {found["severity"] for found in detail["scanFindings"]} <= {"critical", "high", "medium", "low"}


def test_a_failed_scan_is_said(registry: TankCli) -> None:
    assert registry.publish(pack(files=FAILING)).json()["scanVerdict"] == "fail"
    detail = registry.get("/skills/%40acme%2Fhello/1.0.0").json()
    assert (detail["auditStatus"], detail["scanVerdict"]) == ("failed", "fail")


def test_the_download_workflow(registry: TankCli) -> None:
    skill = pack()
    registry.publish(skill)
    detail = registry.get("/skills/hello/1.0.0").json()
    assert detail["downloadUrl"].startswith(f"{registry.app.settings.address}/")
    tarball = registry.follow("GET", detail["downloadUrl"])
    assert (tarball.status, tarball.body, detail["integrity"]) == (200, skill.tarball, skill.integrity)


def test_files_of_a_version(registry: TankCli) -> None:
    registry.publish(pack(files={"docs/@types/a.md": "a"}))
    listed = registry.get("/skills/%40acme%2Fhello/1.0.0/files").json()
    assert listed == {
        "name": "@acme/hello", "version": "1.0.0", "files": ["SKILL.md", "docs/@types/a.md", "tank.json"],
    }  # fmt: skip
    text = registry.get("/skills/%40acme%2Fhello/1.0.0/files/docs/@types/a.md")
    assert (text.body, text.headers["content-type"]) == (b"a", "text/plain; charset=utf-8")
    for path in ("nope.md", "../SKILL.md", "%2e%2e/tank.json"):
        assert registry.get(f"/skills/%40acme%2Fhello/1.0.0/files/{path}").status == 404


def test_what_is_not_there_is_said_in_their_words(registry: TankCli) -> None:
    registry.publish(pack())
    assert registry.get("/skills/%40acme%2Fnope").json() == {"error": "Package not found"}
    missing = registry.get("/skills/%40acme%2Fhello/9.9.9")
    assert (missing.status, missing.json()) == (404, {"error": "Version 9.9.9 not found for @acme/hello"})
    unknown = registry.get("/nowhere")
    assert (unknown.status, unknown.json()) == (404, {"error": "Not found", "path": "/api/v1/nowhere"})


def test_every_refusal_is_one_text(registry: TankCli) -> None:
    answers = [
        registry.post("/skills", {"manifest": "no object"}),
        registry.post("/skills", {"manifest": {}}),
        registry.post("/skills/confirm", {"versionId": "x"}),
        registry.get("/search?limit=51"),
        registry.get("/search?limit=0"),
        registry.get("/search?page=x"),
        registry.post("/scan", {"url": 7}),
        registry.post("/cli-auth/start", {}),
        registry.send("DELETE", "/skills"),
        registry.as_("nonsense").get("/skills/%40acme%2Fhello"),
    ]
    assert [answer.status for answer in answers] == [400] * 8 + [405, 401]
    assert all(isinstance(answer.json()["error"], str) for answer in answers)


def test_search_pages_by_number(registry: TankCli) -> None:
    for number in range(5):
        registry.publish(pack(f"@acme/hello-{number}"))
    indexed(registry.app)
    pages = [registry.get(f"/search?q=hello&page={page}&limit=2").json() for page in (1, 2, 3, 4)]
    assert [len(page["results"]) for page in pages] == [2, 2, 1, 0]
    assert {page["total"] for page in pages} == {5}
    assert len({one["name"] for page in pages for one in page["results"]}) == 5
    assert registry.get("/search?limit=50").json()["limit"] == 50


def test_the_top_list_counts_findings(registry: TankCli) -> None:
    registry.publish(pack(files=FLAGGED))
    indexed(registry.app)
    top = registry.get("/skills/top").json()
    assert (top["total"], top["external"]) == (1, [])
    assert top["internal"][0]["severityCounts"]["high"] >= 1
    assert registry.get("/skills/top?source=external").json()["internal"] == []


def test_badges_are_pictures(registry: TankCli) -> None:
    registry.publish(pack(skills={"@acme/base": "*"}))
    badge = registry.get("/badge/%40acme%2Fhello")
    assert (badge.headers["content-type"], badge.headers["cache-control"]) == ("image/svg+xml", "public, max-age=300")
    assert b"pass 10/10" in badge.body
    assert b"dependencies: 1" in registry.get("/badge/hello?type=deps").body


def test_the_openapi_document_names_every_route(registry: TankCli) -> None:
    document = registry.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for item in document["paths"].values():
        for operation in item.values():
            assert "422" not in operation["responses"]
            assert "default" in operation["responses"]
    assert {"/api/v1/skills", "/api/v1/skills/confirm", "/api/v1/skills/{name}/{version}", "/api/v1/scan"} <= set(
        document["paths"]
    )


def test_a_zip_of_our_own_client_becomes_a_tarball_that_matches_its_integrity(registry: TankCli) -> None:
    """Whatever a skill was published as, Tank's client gets a tar.gz without a folder around the files."""
    owner = a_person(registry.app, "bob")
    for number, format in enumerate(("zip", "tar.gz")):
        a_release(registry.app, owner, "bob/pdf", f"1.{number}.0", format=format, files={"scripts/run.py": "print(1)"})
    for version in ("1.0.0", "1.1.0"):
        detail = registry.get(f"/skills/%40bob%2Fpdf/{version}").json()
        tarball = registry.follow("GET", detail["downloadUrl"])
        assert detail["integrity"] == "sha512-" + base64.b64encode(hashlib.sha512(tarball.body).digest()).decode()
        with tarfile.open(fileobj=io.BytesIO(tarball.body), mode="r:gz") as tar:
            assert sorted(tar.getnames()) == ["SKILL.md", "scripts/run.py"]
    listed = registry.get("/skills/%40bob%2Fpdf/versions").json()["versions"]
    assert listed[1]["integrity"] == registry.get("/skills/%40bob%2Fpdf/1.0.0").json()["integrity"]


def test_a_version_whose_paths_fit_into_no_tarball_is_left_out(registry: TankCli) -> None:
    """A zip takes longer names than the tar that every client reads."""
    owner = a_person(registry.app, "bob")
    a_release(registry.app, owner, "bob/pdf", "1.0.0")
    a_release(registry.app, owner, "bob/pdf", "1.1.0", files={f"docs/{'x' * 110}": "text"})
    assert [one["version"] for one in registry.get("/skills/pdf/versions").json()["versions"]] == ["1.0.0"]
    refused = registry.as_(None).get("/skills/%40bob%2Fpdf/1.1.0")
    assert refused.status == 400
    assert "docs/" in refused.json()["error"]


def test_what_tank_publishes_is_the_same_skill_everywhere(registry: TankCli) -> None:
    registry.publish(pack())
    native = TankCli(registry.app, base="/api/v1")
    assert native.get("/skills/acme/hello").json()["latest_version"] == "1.0.0"
