"""The commands of SkillzDrive's reference, typed as they stand there with only the host changed, at a real server."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.api.skillzdrive.conftest import Owner

HOST = "https://www.skillzdrive.com"
SEARCH = """\
curl "https://www.skillzdrive.com/api/v1/skills?q=pdf&limit=5" \\
-H "X-Skillzdrive-Install-Id: $(uuidgen)"
"""
DOWNLOAD = """\
curl -L "https://www.skillzdrive.com/api/v1/downloads/public/pdf/{sha}.zip" \\
-o pdf.zip
"""


UUIDGEN = "command -v uuidgen >/dev/null || uuidgen() { cat /proc/sys/kernel/random/uuid; }\n"  # not on every machine


def sh(folder: Path, host: str, command: str) -> str:
    """What the command prints, with the host changed and nothing else."""
    done = subprocess.run(
        ["bash", "-c", UUIDGEN + command.replace(HOST, host)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def test_the_search_works_without_a_key(owner: Owner, tmp_path: Path) -> None:
    found = json.loads(sh(tmp_path, owner.base, SEARCH))
    assert found["data"]["skills"][0]["slug"] == "pdf"


@pytest.mark.parametrize("by", ["prefix", "port"])
def test_the_download_works_without_a_key(owner: Owner, tmp_path: Path, by: str) -> None:
    host = owner.base if by == "prefix" else f"http://127.0.0.1:{owner.port}"
    shown = owner.ask("GET", "/skills/pdf")["download"]
    sh(tmp_path, host, DOWNLOAD.format(sha=shown["content_sha"]))
    data = (tmp_path / "pdf.zip").read_bytes()
    assert hashlib.sha256(data).hexdigest() == shown["content_sha"]
    with zipfile.ZipFile(tmp_path / "pdf.zip") as archive:
        assert any(name.endswith("SKILL.md") for name in archive.namelist())


def test_by_its_own_host_the_documented_paths_begin_at_the_root(owner: Owner, tmp_path: Path) -> None:
    command = f'curl -s -H "Host: drive.example.org" "{owner.server.url}/api/v1/skills?q=pdf"'
    assert json.loads(sh(tmp_path, "", command))["data"]["skills"][0]["slug"] == "pdf"


def _post(owner: Owner, folder: Path, path: str, body: Any) -> Any:
    """With curl; the data of the answer."""
    command = (
        f"curl -s -X POST '{HOST}/api/v1{path}' -H 'Authorization: Bearer {owner.key}'"
        f" -H 'Content-Type: application/json' -d '{json.dumps(body)}'"
    )
    answer = json.loads(sh(folder, owner.base, command))
    assert "data" in answer, answer
    return answer["data"]


def test_a_run_blocks_until_it_has_ended(owner: Owner, tmp_path: Path) -> None:
    body = {
        "skillSlug": "pdf",
        "scriptName": "extract.sh",
        "args": ["input.pdf"],
        "stdin": "",
        "sessionId": None,
        "reuseSession": False,
    }
    ran = _post(owner, tmp_path, "/runs", body)
    assert {"stdout", "stderr", "exit_code", "sessionId", "duration_ms"} <= set(ran)
    assert (ran["stdout"], ran["stderr"], ran["exit_code"]) == ("extracted input.pdf\n", "", 0)
    assert ran["sessionId"].startswith("ses_")


def test_a_session_goes_on_when_it_is_named_or_reused_and_ends_when_it_is_closed(owner: Owner) -> None:
    count = {"skillSlug": "pdf", "scriptName": "count.py"}
    first = owner.ask("POST", "/runs", {**count, "reuseSession": True})
    session = first["sessionId"]
    assert first["files"] == ["out/count.txt"]
    assert owner.ask("POST", "/runs", {**count, "reuseSession": True})["stdout"] == "2\n"
    assert owner.ask("POST", "/runs", {**count, "sessionId": session})["stdout"] == "3\n"
    assert owner.ask("POST", "/runs", count)["stdout"] == "1\n"
    read = f"/files?sessionId={session}&path=out/count.txt"
    assert owner.ask("GET", read)["content"] == "3"
    assert owner.ask("DELETE", f"/runs/sessions/{session}") == {"sessionId": session, "closed": True}
    assert owner.ask("GET", read)["content"] == "3"
    with owner.web() as client:
        refused = client.post("/runs", json={**count, "sessionId": session})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "session_not_found")


def test_a_script_that_fails_is_a_run_and_one_that_is_not_there_is_none(owner: Owner) -> None:
    failed = owner.ask("POST", "/runs", {"skillSlug": "pdf", "scriptName": "fail.sh"})
    assert (failed["exit_code"], failed["stderr"], failed["status"]) == (5, "no such page\n", "failed")
    with owner.web() as client:
        missing = client.post("/runs", json={"skillSlug": "pdf", "scriptName": "none.sh"})
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "script_not_found")


def test_a_run_costs_what_the_skill_says_and_nothing_when_it_never_started(owner: Owner) -> None:
    bob = owner.newcomer("bob", credits=5)
    assert owner.ask("GET", "/skills/paid")["skill"]["credit_cost_per_use"] == 3
    run = {"skillSlug": "paid", "scriptName": "hi.sh"}
    assert owner.ask("POST", "/runs", run, key=bob)["credits_charged"] == 3
    with owner.web(bob) as client:
        missing = client.post("/runs", json={**run, "scriptName": "none.sh"})
        too_dear = client.post("/runs", json=run)
    assert missing.status_code == 404
    assert (too_dear.status_code, too_dear.json()["error"]["code"]) == (402, "insufficient_credits")
    assert too_dear.json()["error"]["details"]["purchase_url"]
    account = owner.ask("GET", "/account/credits", key=bob)
    assert (account["balance"], account["held"]) == (2, 0)
    assert account["monthly_skill_calls"] == 1


def test_a_key_runs_what_is_in_its_collection_until_its_quota_is_used_up(owner: Owner) -> None:
    key = owner.scoped("acme-user-42", "pdf", monthlyExecutionQuota=1)
    run = {"skillSlug": "pdf", "scriptName": "extract.sh", "stdin": "text"}
    assert owner.ask("POST", "/runs", run, key=key)["stdout"] == "extracted\ntext"
    with owner.web(key) as client:
        refused = client.post("/runs", json=run)
        outside = client.post("/runs", json={**run, "skillSlug": "plain"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "quota_exceeded")
    assert int(refused.headers["retry-after"]) > 0
    assert outside.status_code in (403, 404)


def test_an_upload_by_its_ticket_becomes_a_private_skill(owner: Owner, tmp_path: Path) -> None:
    key = owner.scoped("uploads", "pdf")
    ticket = _post(owner, tmp_path, "/uploads/ticket", {"collectionName": "uploads", "filename": "my-skill.zip"})
    with zipfile.ZipFile(tmp_path / "my-skill.zip", "w") as archive:
        archive.writestr("SKILL.md", "---\nname: my-skill\ndescription: Mine. Use it in tests.\n---\n\n# Mine\n")
    command = (
        f"curl -s '{HOST}/api/uploads/process-skill' -H 'Authorization: Bearer {ticket['ticket']}'"
        " -F file=@my-skill.zip"
    )
    uploaded = json.loads(sh(tmp_path, owner.base, command))["data"]
    assert (uploaded["slug"], uploaded["version"]) == ("ada--my-skill", 1)
    assert ticket["upload_url"] == owner.ask("GET", "/uploads/url")["upload_url"]
    again = json.loads(sh(tmp_path, owner.base, command))["error"]
    assert again["code"] in ("ticket_used", "unauthorized")
    assert owner.ask("GET", "/skills/ada--my-skill")["skill"]["category"] == "private"
    assert [skill["slug"] for skill in owner.ask("GET", "/drive", key=key)["skills"]] == ["ada--my-skill", "pdf"]


def test_the_inline_script_of_a_ticket_uploads_by_itself(owner: Owner, tmp_path: Path) -> None:
    script = owner.ask("POST", "/uploads/ticket", {})["script"]
    folder = tmp_path / "scripted"
    folder.mkdir()
    (folder / "SKILL.md").write_text("---\nname: scripted\ndescription: By script. Use it in tests.\n---\n\n# It\n")
    done = subprocess.run(
        ["bash", "-c", script, "bash", "scripted"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"slug":"ada--scripted"' in done.stdout.replace(" ", "")


def test_a_download_is_a_link_that_needs_no_key(owner: Owner, tmp_path: Path) -> None:
    for body in ({"scope": "drive"}, {"scope": "skill", "skillSlug": "pdf"}):
        link = _post(owner, tmp_path, "/downloads", body)
        sh(tmp_path, "", f"curl -s -f -o bundle.zip '{link['url']}'")
        with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
            assert "pdf/SKILL.md" in archive.namelist()
    with owner.web() as client:
        refused = client.post("/downloads", json={"scope": "skill"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bundle_what")


def test_the_marketplaces_are_where_agents_look_for_them(owner: Owner, tmp_path: Path) -> None:
    catalog = json.loads(sh(tmp_path, owner.base, f'curl -s -f "{HOST}/marketplace.json"'))
    assert {"name", "owner", "plugins"} <= set(catalog)
    assert any("pdf" in plugin["name"] for plugin in catalog["plugins"])
    owner.scoped("partners", "pdf")
    address = f'"{HOST}/marketplace/collections/partners.json"'
    assert sh(tmp_path, owner.base, f"curl -s -o refused.json -w '%{{http_code}}' {address}") == "404"
    assert json.loads((tmp_path / "refused.json").read_text())["error"]["code"] == "collection_not_found"
    owner.ask("PATCH", "/collections/partners", {"isPublicMarketplace": True})
    (plugin,) = json.loads(sh(tmp_path, owner.base, f"curl -s -f {address}"))["plugins"]
    assert "pdf" in plugin["name"]
