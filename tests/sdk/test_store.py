"""The content store: what it gives out is what was published, whoever wrote through a hard link meanwhile."""

import os
import shutil
import stat
import threading
from pathlib import Path

import pytest

from skillyard.sdk.client import Client
from skillyard.sdk.config import cache_dir
from skillyard.sdk.install import Options, ci, install
from skillyard.sdk.project import find_project
from skillyard.sdk.status import verify
from skillyard.sdk.store import Store


@pytest.fixture
def other_project(project, tmp_path):
    """A copy of the project's two files, with nothing installed."""

    def make(name="other", parent=tmp_path):
        folder = parent / name
        folder.mkdir()
        for path in (project.manifest_path, project.lock_path):
            shutil.copy(path, folder)
        return find_project(folder)

    return make


def write_through(path: Path, content: bytes) -> None:
    """As a program with enough rights does that opens the file itself."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.write(content)


def test_writing_through_a_link_does_not_reach_the_next_project(registry, client, project, skills_dir, other_project):
    registry.add("acme/text")
    install(project, client, ["acme/text"])
    write_through(skills_dir / "text/SKILL.md", b"evil")
    second = other_project()
    report = ci(second, client)
    assert report.downloaded == 1
    assert verify(second).ok
    assert b"evil" not in (second.base / ".claude/skills/text/SKILL.md").read_bytes()


def test_writing_through_a_link_is_noticed_where_it_shows(registry, client, project, skills_dir, other_project):
    registry.add("acme/text")
    install(project, client, ["acme/text"])
    second = other_project()
    ci(second, client)
    write_through(skills_dir / "text/SKILL.md", b"evil")
    found = verify(second)
    assert not found.ok
    assert found.checks[0].shared == ("SKILL.md",)
    assert "hard link" in found.notes[0]
    assert "hard links" in install(second, client).notes[0]
    install(second, client, options=Options(force=True))
    assert verify(second).ok


def test_the_same_bytes_written_again_are_no_change(registry, client, project, skills_dir, other_project):
    registry.add("acme/text")
    install(project, client, ["acme/text"])
    path = skills_dir / "text/SKILL.md"
    write_through(path, path.read_bytes())
    second = other_project()
    assert ci(second, client).downloaded == 0
    assert stat.S_IMODE((second.base / ".claude/skills/text/SKILL.md").stat().st_mode) == 0o444
    assert verify(project).ok


@pytest.mark.parametrize("damage", ["missing", "extra", "stamps", "truncated"])
def test_a_damaged_entry_is_fetched_anew_and_one_without_stamps_is_hashed(
    registry, client, project, other_project, damage
):
    registry.add("acme/text")
    install(project, client, ["acme/text"], options=Options(link_mode="copy"))
    entry = next((cache_dir() / "store" / "v1").iterdir())
    if damage == "missing":
        (entry / "files/SKILL.md").unlink()
    elif damage == "extra":
        (entry / "files/more.md").write_text("x")
    elif damage == "stamps":
        (entry / "stamps.json").write_text("{")
    else:
        write_through(entry / "files/SKILL.md", b"")
        os.truncate(entry / "files/SKILL.md", 0)
    second = other_project()
    assert ci(second, client).downloaded == (0 if damage == "stamps" else 1)
    assert verify(second).ok


def test_one_tree_with_other_modes_is_another_entry(registry, client, project, other_project, skills_dir):
    registry.add("acme/text", files={"run.sh": b"x"}, executable=("run.sh",))
    install(project, client, ["acme/text"])
    registry.add("acme/text", "1.1.0", files={"run.sh": b"x"})
    plain = registry.published["acme/text", "1.1.0"]
    old = registry.published["acme/text", "1.0.0"]
    assert plain.files[1].executable != old.files[1].executable
    from skillyard.sdk.install import update

    update(project, client)
    assert stat.S_IMODE((skills_dir / "text/run.sh").stat().st_mode) == 0o444


def test_threads_that_want_the_same_skill_fetch_it_once(registry, client, project, other_project):
    registry.add("acme/text", files={"big.bin": os.urandom(200_000)})
    registry.add("acme/more")
    install(project, client, ["acme/text", "acme/more"])
    Store().clear()
    registry.seen.clear()
    projects = [other_project(f"other-{number}") for number in range(4)]
    failures = []

    def run(one):
        try:
            with Client(registry.url) as own:
                ci(one, own)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in projects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert all(verify(one).ok for one in projects)
    assert len(registry.asked("GET", "/api/v1/blobs/")) == 2


def test_gc_keeps_what_was_used_lately(registry, client, project):
    registry.add("acme/text")
    registry.add("acme/old")
    install(project, client, ["acme/text", "acme/old"])
    entries = list((cache_dir() / "store" / "v1").iterdir())
    os.utime(entries[0], (1, 1))
    cleaned = Store().gc(older_than_days=30)
    assert cleaned.entries == 1
    assert cleaned.size_bytes > 0
    assert list((cache_dir() / "store" / "v1").iterdir()) == entries[1:]
    assert verify(project).ok


def test_a_project_on_another_file_system_gets_copies(registry, client, project, other_project, tmp_path):
    elsewhere = Path("/dev/shm") / f"skillyard-{os.getpid()}"
    if not elsewhere.parent.is_dir() or elsewhere.parent.stat().st_dev == tmp_path.stat().st_dev:
        elsewhere = tmp_path / "same"  # then at least the way is walked
    elsewhere.mkdir()
    try:
        registry.add("acme/text", files={"run.sh": b"x"}, executable=("run.sh",))
        install(project, client, ["acme/text"])
        second = other_project(parent=elsewhere)
        ci(second, client)
        assert verify(second).ok
        installed = second.base / ".claude/skills/text"
        assert os.access(installed / "run.sh", os.X_OK)
        if elsewhere.parent.name == "shm":
            assert (installed / "SKILL.md").stat().st_nlink == 1
    finally:
        shutil.rmtree(elsewhere)


def test_a_backup_moves_between_file_systems(registry, client, project, skills_dir, tmp_path):
    registry.add("acme/text")
    other = Path("/dev/shm") if Path("/dev/shm").is_dir() else tmp_path
    outside = other / f"skillyard-state-{os.getpid()}"
    (skills_dir / "text").mkdir(parents=True)
    (skills_dir / "text/mine.md").write_text("mine")
    project.state_dir.mkdir()
    (project.state_dir / "backup").symlink_to(outside)
    outside.mkdir()
    try:
        report = install(project, client, ["acme/text"], options=Options(force=True))
        assert (report.backups[0] / "mine.md").read_text() == "mine"
        assert verify(project).ok
    finally:
        shutil.rmtree(outside)
