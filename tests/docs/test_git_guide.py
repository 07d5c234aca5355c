"""The commands of the guide to skills from git, typed as they stand there, with a repository on this machine."""

from __future__ import annotations

from pathlib import Path

from tests.docs.test_quoted_commands import EXIT, Reader, commands
from tests.domain.drive.git_place import a_skill_file
from tests.git_server import git_server
from tests.journeys.running import a_server

ADDRESS = "https://git.example.com/acme/tools.git"


def test_the_guide_to_git_works_word_by_word(tmp_path: Path) -> None:
    with (
        git_server(tmp_path / "repositories") as forge,
        a_server(tmp_path / "server", outbound_http_loopback="1") as server,
    ):
        repository = forge.repository("tools")
        commit = repository.commit({"pdf/SKILL.md": a_skill_file(), "bad/SKILL.md": "no front matter"})
        address = f"{forge.url}/tools.git"
        reader = Reader(tmp_path / "home", server, "you")
        reader.type('skillyard login --link "$LINK" --username you')
        said = {}
        for command in commands("docs/guide/git.md"):
            if command.endswith("--refresh"):
                repository.commit({"pdf/SKILL.md": a_skill_file(text="Second.")})
            expect = int(found[1]) if (found := EXIT.search(command)) else 0
            said[command] = reader.type(command.replace(ADDRESS, address), expect=expect)
        source_id = next(text for command, text in said.items() if "sources add" in command).split()[0]
        repository.commit({"pdf/SKILL.md": a_skill_file(text="Third.")})
        assert "pdf\ttools/pdf\t0.1.1\t" in reader.type(f"skillyard sources crawl {source_id} --wait", expect=1)
        assert "refused" in reader.type(f"skillyard sources show {source_id}", expect=1)
        assert source_id in reader.type(f"skillyard sources remove {source_id}")
    imported, origin, updates, accepted, _, added, listed, discovered = said.values()
    assert "you/mine 0.1.0 is in the drive you" in imported
    assert commit in origin
    assert "you/mine\t0.1.0\t0.1.1" in updates
    assert "you/mine is 0.1.1 now" in accepted
    assert "pdf\ttools/pdf\t0.1.0\t" in added
    assert "bad\t?\trefused\tSKILL.md: the file does not begin with front matter" in added
    assert f"{source_id}\t{address}\ttools\t" in listed
    assert f"tools/pdf\t0.1.0\t{address} pdf\t" in discovered
