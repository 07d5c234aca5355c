"""What an interrupted install leaves: nothing that the next command does not finish or undo."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from skillyard.sdk.errors import LocalEdits, SdkError
from skillyard.sdk.install import Options, install, update
from skillyard.sdk.journal import journal_path
from skillyard.sdk.run import start_run
from skillyard.sdk.status import verify
from tests.sdk.stand_in import on, refusal

REPOSITORY = Path(__file__).parents[2]


def leftovers(project):
    return [str(path) for path in project.folder.rglob(".skillyard-*")]


def test_a_kill_at_any_line_leaves_all_old_or_all_new(tmp_path):
    """The lines between any two system calls; the step is a prime, so that runs of it fall on all kinds of lines."""
    folder = tmp_path / "runs"
    folder.mkdir()
    environment = {
        **os.environ,
        "SKILLYARD_CACHE_DIR": str(folder / "cache"),
        "SKILLYARD_CONFIG_DIR": str(folder / "config"),
        "PYTHONPATH": str(REPOSITORY),
    }
    command = [sys.executable, "-m", "tests.sdk.killed_runs", str(folder), "37"]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["kills"] > 50
    assert found["old"] > 10
    assert found["new"] > 10
    assert (found["mixed"], found["leftovers"], found["unverified"]) == ([], [], [])


class Stop(Exception):
    pass


@pytest.mark.parametrize("kind", ["journal", "stage", "move", "write"])
def test_an_error_on_the_way_puts_everything_back(registry, client, project, skills_dir, kind):
    registry.add("acme/text")
    install(project, client, ["acme/text"])
    before = {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}
    registry.add("acme/text", "1.1.0")

    def fail(step):
        if step.kind == kind:
            raise Stop

    with pytest.raises(Stop):
        update(project, client, options=Options(on_step=fail))
    assert {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()} == before
    assert leftovers(project) == []
    assert verify(project).ok


def test_a_folder_that_appears_while_others_are_moved_puts_everything_back(registry, client, project, skills_dir):
    registry.add("acme/text")
    registry.add("acme/zebra", needs={"acme/text": "*"})

    def interfere(step):
        if step.kind == "move" and not (skills_dir / "zebra").exists():
            (skills_dir / "zebra").mkdir()
            (skills_dir / "zebra" / "SKILL.md").write_text("mine")

    with pytest.raises(SdkError) as refused:
        install(project, client, ["acme/zebra"], options=Options(on_step=interfere))
    assert refused.value.code == "cannot_write"
    assert [path.name for path in skills_dir.iterdir()] == ["zebra"]
    assert (skills_dir / "zebra/SKILL.md").read_text() == "mine"
    assert not project.lock_path.exists()


def test_an_edit_between_the_plan_and_the_move_is_kept(registry, client, project, skills_dir):
    registry.add("acme/text")
    install(project, client, ["acme/text"])
    registry.add("acme/text", "1.1.0")

    def edit(step):
        if step.kind == "stage":
            (skills_dir / "text" / "todo.txt").write_text("mine")

    report = update(project, client, options=Options(on_step=edit))
    assert (report.backups[0] / "todo.txt").read_text() == "mine"
    assert verify(project).ok


def test_a_manifest_edited_while_an_install_runs_stays_as_edited(registry, client, project):
    registry.add("acme/text")
    install(project, client, ["acme/text"])
    registry.add("acme/other")

    def edit(step):
        if step.kind == "move":
            project.manifest_path.write_text('{"skills": {"acme/text": "^1.0.0", "acme/mine": "*"}}')

    report = install(project, client, ["acme/other"], options=Options(on_step=edit))
    assert "edited meanwhile" in report.notes[0]
    assert "acme/mine" in project.read_manifest().skills


def test_a_killed_download_goes_on_where_it_was(registry, client, project):
    release = registry.add("acme/text", files={"big.bin": os.urandom(400_000)})
    blob = f"/api/v1/blobs/{__import__('hashlib').sha256(release.archive).hexdigest()}"
    from tests.sdk.stand_in import Answer

    registry.faults = [on("GET", blob, Answer(200, release.archive, cut_after=300_000))]
    registry.faults += [on("GET", blob, refusal(404, "not_found"))]
    with pytest.raises(SdkError):
        install(project, client, ["acme/text"])
    report = install(project, client, ["acme/text"])
    assert registry.asked("GET", blob)[-1].headers["range"] == "bytes=300000-"
    assert report.downloaded_bytes == len(release.archive) - 300_000
    assert verify(project).ok


def hostile(folder: str, **changes: object) -> str:
    move = {"folder": folder, "is_new": False, "was_there": True, "old_files": None}
    document = {"id": "0" * 16, "state": "applying", "backup": "20260101-000000-0000", "moves": [move], "rewrites": []}
    return json.dumps({**document, **changes})


@pytest.mark.parametrize(
    "text",
    [
        hostile("../../precious/skills/text"),
        hostile("/etc/skills/text"),
        hostile("src/text"),
        hostile(".claude/skills/.."),
        hostile("linked/skills/text"),
        hostile(".claude/skills/text", id="../../x"),
        hostile(".claude/skills/text", backup="../../x"),
        hostile(".claude/skills/text", state="dancing"),
        hostile(".claude/skills/text", rewrites=[{"which": "../x", "before": None, "after": "x"}]),
        "{",
        "[]",
    ],
)
def test_a_journal_that_came_with_a_project_cannot_reach_out_of_it(project, tmp_path, text):
    (tmp_path / "precious" / "skills" / "text").mkdir(parents=True)
    (project.base / "linked").symlink_to(tmp_path / "precious")
    project.state_dir.mkdir()
    journal_path(project).write_text(text)
    with pytest.raises(SdkError) as refused, start_run(project, Options()):
        pass
    assert refused.value.code == "bad_journal"
    assert (tmp_path / "precious/skills/text").is_dir()


def test_notes_that_came_with_a_project_do_not_make_foreign_folders_ours(registry, client, project, tmp_path):
    registry.add("acme/text")
    install(project, client, ["acme/text"])
    precious = tmp_path / "precious"
    precious.mkdir()
    notes = project.state_dir / "installed.json"
    document = json.loads(notes.read_text())
    entry = {"name": "acme/precious", "version": "1.0.0", "digest": "sha256:0", "files": {}}
    document["folders"]["../precious"] = entry
    document["folders"][str(precious)] = entry
    notes.write_text(json.dumps(document))
    install(project, client, options=Options(force=True))
    assert precious.is_dir()


def test_a_link_in_place_of_our_notes_is_refused(client, project, tmp_path):
    project.state_dir.symlink_to(tmp_path)
    with pytest.raises(SdkError) as refused:
        install(project, client, ["acme/text"])
    assert refused.value.code == "outside_of_project"


def test_local_edits_name_every_folder_at_once(registry, client, project, skills_dir):
    for slug in ("one", "two"):
        registry.add(f"acme/{slug}")
        (skills_dir / slug).mkdir(parents=True)
        (skills_dir / slug / "mine.md").write_text("mine")
    with pytest.raises(LocalEdits) as refused:
        install(project, client, ["acme/one", "acme/two"])
    assert [edit.name for edit in refused.value.edits] == ["acme/one", "acme/two"]
    assert refused.value.exit_code == 1
    assert "mine.md" in refused.value.message
