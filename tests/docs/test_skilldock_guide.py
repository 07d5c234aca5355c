"""The commands of the guide for SkillDock's client, typed as they stand there by two people."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import httpx

from tests.docs.test_quoted_commands import EXAMPLES, Reader, commands
from tests.journeys.running import a_server


def test_the_skilldock_guide_works_word_by_word(tmp_path: Path) -> None:
    with a_server(tmp_path / "server") as server:
        reader = Reader(tmp_path / "home", server, "yard")
        reader.type(f"skillyard login --link {shlex.quote(server.link or '')} --username yard")
        for name in ("text-kit", "csv-tables"):
            shutil.copytree(EXAMPLES / name, reader.folder / name)
        typed = commands("docs/guide/skilldock.md")
        assert len(typed) >= 25
        for command in typed:
            if command.startswith("skilldock skills buy"):
                reader.environment["SKILLDOCK_TOKEN"] = _a_buyer(reader, server.url)
            reader.type(command)
        assert (reader.folder / "skills/acme/csv-tables/SKILL.md").is_file()


def _a_buyer(reader: Reader, url: str) -> str:
    """The token of somebody new, with enough credits."""
    scopes = "--scope read --scope publish --scope manage --scope admin"
    token = reader.type(f"skillyard tokens create everything {scopes}").strip()
    with httpx.Client(base_url=f"{url}/api/v1", headers={"authorization": f"Bearer {token}"}) as admin:
        code = admin.post("/admin/sign-in-links", json={}).json()["code"]
        redeemed = httpx.post(f"{url}/api/v1/auth/links/redeem", json={"code": code, "username": "grace"})
        granted = admin.post("/admin/credits", json={"username": "grace", "amount": "5000", "reason": "a present"})
    assert granted.status_code == 201, granted.text
    return str(redeemed.json()["access_token"])
