"""Looking: what is installed, whether it is what was published, what is newer, and why it is there."""

import shutil

import pytest

from skillyard.sdk.errors import SdkError
from skillyard.sdk.install import Options, install
from skillyard.sdk.status import list_installed, outdated, verify, why
from tests.sdk.stand_in import on, refusal


@pytest.fixture
def installed(registry, client, project):
    registry.add("acme/text", files={"a.txt": b"aaaa"})
    registry.add("acme/table", needs={"acme/text": "^1.0.0"})
    registry.add("acme/report", needs={"acme/table": "^1.0.0", "acme/text": "^1.0.0"})
    install(project, client, ["acme/report"], options=Options(agents=("claude-code", "agents")))
    return project


def test_the_list_says_what_was_asked_for_and_where_it_is(installed):
    by_name = {skill.name: skill for skill in list_installed(installed)}
    assert list(by_name) == ["acme/report", "acme/table", "acme/text"]
    assert (by_name["acme/report"].direct, by_name["acme/report"].requested) == (True, "^1.0.0")
    assert (by_name["acme/text"].direct, by_name["acme/text"].requested) == (False, None)
    assert [path.relative_to(installed.base).as_posix() for path in by_name["acme/text"].folders] == [
        ".claude/skills/text",
        ".agents/skills/text",
    ]


def test_the_list_leaves_out_folders_that_are_gone(installed):
    shutil.rmtree(installed.base / ".claude/skills/text")
    by_name = {skill.name: skill for skill in list_installed(installed)}
    assert len(by_name["acme/text"].folders) == 1


def test_one_changed_byte_is_found_in_the_folder_where_it_is(installed):
    path = installed.base / ".agents/skills/text/a.txt"
    path.unlink()
    path.write_bytes(b"aaab")
    found = verify(installed)
    bad = [check for check in found.checks if check.status != "ok"]
    assert not found.ok
    assert [(check.name, check.changed) for check in bad] == [("acme/text", ("a.txt",))]
    assert bad[0].folder == installed.base / ".agents/skills/text"


def test_missing_and_extra_files_and_links_are_named(installed, tmp_path):
    folder = installed.base / ".claude/skills/text"
    (folder / "a.txt").unlink()
    (folder / "a.txt").symlink_to(tmp_path)
    (folder / "SKILL.md").unlink()
    (folder / "deep").mkdir()
    (folder / "deep/new.md").write_text("x")
    (check,) = [check for check in verify(installed).checks if check.status == "changed"]
    assert (check.changed, check.missing, check.extra) == (("a.txt",), ("SKILL.md",), ("deep/new.md",))


def test_a_folder_that_is_gone_is_missing(installed):
    shutil.rmtree(installed.base / ".claude/skills/text")
    assert [check.status for check in verify(installed).checks].count("missing") == 1
    assert verify(installed).show()["ok"] is False


def test_a_skill_that_the_lock_no_longer_names_is_noted(installed):
    text = installed.lock_path.read_text()
    install_notes = verify(installed).notes
    assert install_notes == ()
    from dataclasses import replace

    lock = installed.read_lock()
    kept = {name: skill for name, skill in lock.skills.items() if name != "acme/table"}
    installed.lock_path.write_text(replace(lock, skills=kept).show())
    assert "acme/table" in verify(installed).notes[0]
    installed.lock_path.write_text(text)


def test_verify_without_a_lock_is_an_error(project):
    with pytest.raises(SdkError) as refused:
        verify(project)
    assert refused.value.code == "no_lock"


def test_why_names_a_path_from_each_skill_that_was_asked_for(installed, client):
    assert why(installed, "acme/text") == [["acme/report", "acme/text"]]
    install(installed, client, ["acme/table"])
    assert why(installed, "acme/text") == [["acme/report", "acme/text"], ["acme/table", "acme/text"]]
    assert why(installed, "@acme/report") == [["acme/report"]]
    with pytest.raises(SdkError) as refused:
        why(installed, "acme/txt")
    assert "acme/text" in refused.value.hint


def test_outdated_tells_what_fits_and_what_is_newest(installed, registry, client):
    assert outdated(installed, client) == []
    registry.add("acme/text", "1.2.0")
    registry.add("acme/report", "2.0.0")
    found = {item.name: (item.current, item.wanted, item.latest, item.direct) for item in outdated(installed, client)}
    assert found == {
        "acme/report": ("1.0.0", "1.0.0", "2.0.0", True),
        "acme/text": ("1.0.0", "1.2.0", "1.2.0", False),
    }


def test_outdated_tells_of_a_yanked_release(installed, registry, client):
    registry.published["acme/text", "1.0.0"].yanked = True
    assert [(item.name, item.yanked) for item in outdated(installed, client)] == [("acme/text", "broken")]


def test_a_skill_that_cannot_be_looked_up_is_no_reason_to_fail(installed, registry, client):
    registry.faults = [on("GET", "/api/v1/skills/acme/text", refusal(404, "skill_not_found"), always=True)]
    registry.add("acme/text", "1.2.0")
    assert [(item.name, item.latest) for item in outdated(installed, client)] == [("acme/text", None)]
