"""`skillyard sources`, `discover` and imports from git, on a server whose worker crawls."""

from __future__ import annotations

from pathlib import Path

from tests.domain.drive.git_place import a_skill_file
from tests.git_server import git_server
from tests.journeys.running import a_server, sign_in


def test_skills_of_a_source_are_found_installed_and_followed(tmp_path: Path) -> None:
    with (
        git_server(tmp_path / "repositories") as forge,
        a_server(tmp_path / "server", outbound_http_loopback="1") as server,
    ):
        repository = forge.repository("tools")
        commit = repository.commit({"pdf/SKILL.md": a_skill_file(), "bad/SKILL.md": "no front matter"})
        address = f"{forge.url}/tools.git"
        ada = sign_in(server, tmp_path / "ada", "ada")
        crawled = ada.run("sources", "add", address, "--namespace", "ada", "--wait", expect=1).stdout
        source_id = crawled.splitlines()[0]
        assert "pdf\tada/pdf\t0.1.0\t" in crawled
        assert "bad\t?\trefused\tSKILL.md: the file does not begin with front matter" in crawled
        assert f"{source_id}\t{address}\tada\t" in ada.run("sources", "list").stdout
        assert ada.run("discover", "pdf").stdout.startswith(f"ada/pdf\t0.1.0\t{address} pdf\t")
        imported = ada.run("drive", "import", f"{address}/tree/main/pdf", "--as", "mine").stdout
        assert "ada/mine 0.1.0 is in the drive ada" in imported
        assert commit in ada.run("drive", "origin", "ada/mine").stdout
        repository.commit({"pdf/SKILL.md": a_skill_file(text="Second."), "bad/SKILL.md": None})
        assert "0.1.1" in ada.run("drive", "updates", "--refresh").stdout
        assert "pdf\tada/pdf\t0.1.1\t" in ada.run("sources", "crawl", source_id, "--wait").stdout
        ada.run("sources", "remove", source_id)
