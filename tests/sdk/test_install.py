"""Installing, updating and removing: what ends up on disk, in the manifest and in the lock."""

import json
import os
import shutil
import stat
from dataclasses import replace

import pytest

from skillyard.sdk.config import config_dir
from skillyard.sdk.errors import ApiError, InputNeeded, LocalEdits, SdkError, UsageError
from skillyard.sdk.install import Options, ci, install, uninstall, update
from skillyard.sdk.project import find_project
from skillyard.sdk.status import verify
from skillyard.skill.digest import sha256_hex
from tests.sdk.stand_in import Answer, on


@pytest.fixture
def diamond(registry):
    """report needs table and chart, which both need text."""
    registry.add("acme/text", "1.0.0", files={"scripts/run.py": b"print(1)\n"}, executable=("scripts/run.py",))
    registry.add("acme/table", "1.0.0", needs={"acme/text": "^1.0.0"})
    registry.add("acme/chart", "1.0.0", needs={"acme/text": "^1.0.0"})
    registry.add("acme/report", "1.0.0", needs={"acme/table": "^1.0.0", "acme/chart": "*"})
    return registry


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def kinds(report):
    return {action.name: action.kind for action in report.actions}


def edit(path, content=b"mine\n"):
    """As an editor does that replaces the file."""
    path.unlink()
    path.write_bytes(content)


def test_a_skill_comes_with_all_that_it_needs(diamond, client, project, skills_dir):
    report = install(project, client, ["acme/report"])
    assert names(skills_dir) == ["chart", "report", "table", "text"]
    assert (skills_dir / "text" / "scripts" / "run.py").read_bytes() == b"print(1)\n"
    assert (report.written, report.downloaded, report.from_store) == (True, 4, 0)
    assert json.loads(project.manifest_path.read_text()) == {
        "skills": {"acme/report": "^1.0.0"},
        "agents": ["claude-code"],
    }
    assert set(project.read_lock().skills) == {"acme/report", "acme/table", "acme/chart", "acme/text"}
    assert verify(project).ok


def test_one_question_and_then_the_archives_side_by_side(diamond, client, project):
    install(project, client, ["acme/report"])
    first, second, *rest = [seen.path.split("/")[3] for seen in diamond.seen]
    assert [first, second] == ["resolve", "advisories"]
    assert sorted(rest) == ["blobs", "blobs", "blobs", "blobs", "log"]


def test_modes_are_kept_and_linked_files_are_read_only(diamond, client, project, skills_dir):
    install(project, client, ["acme/text"])
    assert stat.S_IMODE((skills_dir / "text/scripts/run.py").stat().st_mode) == 0o555
    assert stat.S_IMODE((skills_dir / "text/SKILL.md").stat().st_mode) == 0o444
    assert (skills_dir / "text/SKILL.md").stat().st_nlink == 2


def test_copies_are_the_projects_own_and_writable(diamond, client, project, skills_dir):
    install(project, client, ["acme/text"], options=Options(link_mode="copy"))
    assert stat.S_IMODE((skills_dir / "text/scripts/run.py").stat().st_mode) == 0o755
    assert (skills_dir / "text/SKILL.md").stat().st_nlink == 1
    assert verify(project).ok


def test_a_typing_error_fails_and_leaves_nothing(diamond, client, tmp_path):
    project = find_project(tmp_path / "home")
    with pytest.raises(ApiError) as refused:
        install(project, client, ["acme/reprot"])
    assert refused.value.code == "skill_not_found"
    assert refused.value.facts["suggestions"] == ["acme/pdf"]
    assert names(project.folder) == []


def test_all_bad_specs_are_told_at_once(client, project):
    with pytest.raises(UsageError) as refused:
        install(project, client, ["report", "acme/report@>>1", "acme/UP"])
    assert len(refused.value.faults) == 3
    assert refused.value.exit_code == 2


def test_what_was_asked_for_is_saved_as_it_was_asked(diamond, client, project):
    diamond.add("acme/text", "2.0.0")
    install(project, client, ["@acme/text@^1", "acme/chart"])
    assert project.read_manifest().skills == {"acme/text": "^1", "acme/chart": "^1.0.0"}
    assert project.read_lock().skills["acme/text"].version == "1.0.0"


def test_keys_that_are_not_ours_stay_where_they_are(diamond, client, project):
    project.manifest_path.write_text('{"name": "x", "skills": {}, "scripts": {"a": 1}}')
    install(project, client, ["acme/text"])
    assert list(json.loads(project.manifest_path.read_text())) == ["name", "skills", "scripts", "agents"]


def test_the_lock_pins_until_update(diamond, client, project, skills_dir):
    install(project, client, ["acme/report"])
    diamond.add("acme/text", "1.5.0")
    install(project, client, ["acme/chart"])
    assert project.read_lock().skills["acme/text"].version == "1.0.0"
    report = update(project, client)
    assert kinds(report)["acme/text"] == "update"
    assert "1.5.0" in (skills_dir / "text/SKILL.md").read_text()


def test_update_names_one_and_leaves_the_others(diamond, client, project):
    install(project, client, ["acme/report"])
    diamond.add("acme/text", "1.5.0")
    diamond.add("acme/table", "1.5.0", needs={"acme/text": "^1.0.0"})
    update(project, client, ["acme/table"])
    lock = project.read_lock()
    assert (lock.skills["acme/table"].version, lock.skills["acme/text"].version) == ("1.5.0", "1.0.0")


def test_update_to_the_latest_widens_only_what_it_must(diamond, client, project):
    install(project, client, ["acme/text", "acme/chart@*"])
    diamond.add("acme/chart", "3.0.0", needs={"acme/text": "*"})
    diamond.add("acme/text", "2.0.0")
    update(project, client)
    assert project.read_lock().skills["acme/text"].version == "1.0.0"
    update(project, client, latest=True)
    assert project.read_manifest().skills == {"acme/text": "^2.0.0", "acme/chart": "*"}


def test_update_of_what_is_not_installed_suggests(diamond, client, project):
    install(project, client, ["acme/text"])
    with pytest.raises(SdkError) as refused:
        update(project, client, ["acme/txet"])
    assert "acme/text" in refused.value.hint


def test_the_second_install_needs_no_network(diamond, client, project):
    install(project, client, ["acme/report"])

    def connect():
        raise AssertionError("no network is needed")

    report = install(project, connect)
    assert (set(kinds(report).values()), report.written) == ({"keep"}, False)


def test_another_project_is_filled_from_the_store(diamond, client, project, tmp_path):
    install(project, client, ["acme/report"])
    other = tmp_path / "other"
    other.mkdir()
    for path in (project.manifest_path, project.lock_path):
        (other / path.name).write_bytes(path.read_bytes())

    def connect():
        raise AssertionError("no network is needed")

    report = ci(find_project(other), connect)
    assert (report.downloaded, report.from_store) == (0, 4)
    assert names(other / ".claude/skills") == ["chart", "report", "table", "text"]


def test_uninstall_removes_what_nothing_else_needs(diamond, client, project, skills_dir):
    install(project, client, ["acme/report", "acme/text"])
    uninstall(project, ["acme/report"])
    assert names(skills_dir) == ["text"]
    assert set(project.read_lock().skills) == {"acme/text"}
    uninstall(project, ["acme/text"])
    assert not skills_dir.exists()
    assert project.read_manifest().skills == {}


def test_uninstall_of_a_dependency_says_who_needs_it(diamond, client, project):
    install(project, client, ["acme/report"])
    with pytest.raises(SdkError) as refused:
        uninstall(project, ["acme/text"])
    assert refused.value.facts["needed_by"] == ["acme/chart", "acme/table"]


def test_uninstall_of_what_is_not_there_fails(diamond, client, project):
    install(project, client, ["acme/text"])
    with pytest.raises(SdkError) as refused:
        uninstall(project, ["acme/tekst"])
    assert refused.value.exit_code == 1


def test_a_foreign_folder_stops_everything_before_anything_is_written(diamond, client, project, skills_dir):
    (skills_dir / "text").mkdir(parents=True)
    (skills_dir / "text" / "notes.md").write_text("mine")
    with pytest.raises(LocalEdits) as refused:
        install(project, client, ["acme/report"])
    assert refused.value.edits[0].files == ("SKILL.md", "notes.md", "scripts/run.py")
    assert names(skills_dir) == ["text"]
    assert not project.manifest_path.exists()
    assert not project.lock_path.exists()


def test_force_keeps_the_foreign_folder_as_a_backup(diamond, client, project, skills_dir):
    (skills_dir / "text").mkdir(parents=True)
    (skills_dir / "text" / "notes.md").write_text("mine")
    report = install(project, client, ["acme/text"], options=Options(force=True))
    assert (report.backups[0] / "notes.md").read_text() == "mine"
    assert report.backups[0].is_relative_to(project.state_dir / "backup")
    assert verify(project).ok


def test_a_link_in_place_of_the_folder_is_foreign_too(diamond, client, project, skills_dir, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "SKILL.md").write_text("mine")
    skills_dir.mkdir(parents=True)
    (skills_dir / "text").symlink_to(precious)
    with pytest.raises(LocalEdits):
        install(project, client, ["acme/text"])
    install(project, client, ["acme/text"], options=Options(force=True))
    assert (precious / "SKILL.md").read_text() == "mine"
    assert verify(project).ok


def test_local_edits_stop_an_update_and_are_named(diamond, client, project, skills_dir):
    install(project, client, ["acme/report"])
    edit(skills_dir / "text/SKILL.md")
    (skills_dir / "text/todo.txt").write_text("x")
    diamond.add("acme/text", "1.5.0")
    with pytest.raises(LocalEdits) as refused:
        update(project, client)
    assert refused.value.edits[0].files == ("SKILL.md", "todo.txt")
    assert project.read_lock().skills["acme/text"].version == "1.0.0"
    assert (skills_dir / "text/SKILL.md").read_bytes() == b"mine\n"


def test_edits_in_a_skill_that_needs_no_change_are_left_and_told(diamond, client, project, skills_dir):
    install(project, client, ["acme/text"])
    edit(skills_dir / "text/SKILL.md")
    report = install(project, client, ["acme/chart"])
    assert kinds(report) == {"acme/text": "leave", "acme/chart": "add"}
    assert "local edits" in report.notes[0]
    assert (skills_dir / "text/SKILL.md").read_bytes() == b"mine\n"
    report = install(project, client)
    assert kinds(report)["acme/text"] == "leave"
    report = install(project, client, options=Options(force=True))
    assert verify(project).ok
    assert (report.backups[0] / "SKILL.md").read_bytes() == b"mine\n"


def test_a_missing_file_is_put_back(diamond, client, project, skills_dir):
    install(project, client, ["acme/text"])
    (skills_dir / "text/scripts/run.py").unlink()
    assert kinds(install(project, client)) == {"acme/text": "repair"}
    assert verify(project).ok


def test_a_folder_that_was_deleted_comes_back(diamond, client, project, skills_dir):
    import shutil

    install(project, client, ["acme/report"])
    shutil.rmtree(skills_dir / "chart")
    assert kinds(install(project, client))["acme/chart"] == "add"


def test_an_edited_skill_is_not_uninstalled_unasked(diamond, client, project, skills_dir):
    install(project, client, ["acme/text"])
    edit(skills_dir / "text/SKILL.md")
    with pytest.raises(LocalEdits):
        uninstall(project, ["acme/text"])
    report = uninstall(project, ["acme/text"], options=Options(force=True))
    assert (report.backups[0] / "SKILL.md").read_bytes() == b"mine\n"


def test_an_edited_dependency_outlives_what_needed_it(diamond, client, project, skills_dir):
    install(project, client, ["acme/report"])
    edit(skills_dir / "chart/SKILL.md")
    report = uninstall(project, ["acme/report"])
    assert names(skills_dir) == ["chart"]
    assert "chart" in report.notes[0]
    assert kinds(report)["acme/chart"] == "leave"


def test_compiled_python_files_are_nobodys_edits(diamond, client, project, skills_dir):
    install(project, client, ["acme/text"])
    cache = skills_dir / "text/scripts/__pycache__"
    cache.mkdir()
    (cache / "run.cpython-311.pyc").write_bytes(b"x")
    assert verify(project).ok
    assert verify(project).checks[0].caches == ("scripts/__pycache__/run.cpython-311.pyc",)
    uninstall(project, ["acme/text"])
    assert not (skills_dir / "text").exists()


def test_two_skills_with_one_folder_name_are_refused(diamond, client, project):
    diamond.add("other/text")
    install(project, client, ["acme/text"])
    with pytest.raises(SdkError) as refused:
        install(project, client, ["other/text"])
    assert refused.value.code == "same_folder_name"
    assert "acme/text and other/text" in refused.value.message
    assert "other/text" not in project.read_manifest().skills


def test_identical_folders_from_version_control_are_taken_over(diamond, client, project, skills_dir):
    import shutil

    install(project, client, ["acme/text"])
    shutil.rmtree(project.state_dir)
    assert kinds(install(project, client)) == {"acme/text": "adopt"}
    diamond.add("acme/text", "1.1.0")
    assert kinds(update(project, client)) == {"acme/text": "update"}


def test_an_update_works_without_our_notes(diamond, client, project, skills_dir):
    import shutil

    install(project, client, ["acme/text"])
    shutil.rmtree(project.state_dir)
    diamond.add("acme/text", "1.1.0")
    assert kinds(update(project, client)) == {"acme/text": "update"}
    assert verify(project).ok


def test_nothing_is_deleted_because_a_lookup_failed(diamond, client, project, skills_dir):
    install(project, client, ["acme/report"])
    before = project.lock_path.read_bytes()
    del diamond.published["acme/text", "1.0.0"]
    for attempt in (lambda: install(project, client, ["acme/chart"]), lambda: update(project, client)):
        with pytest.raises(ApiError):
            attempt()
    assert names(skills_dir) == ["chart", "report", "table", "text"]
    assert project.lock_path.read_bytes() == before


def test_wrong_bytes_are_never_installed(diamond, client, project, skills_dir):
    diamond.faults = [on("GET", "/api/v1/blobs/", Answer(200, b"PK evil"), always=True)]
    with pytest.raises(SdkError) as refused:
        install(project, client, ["acme/text"])
    assert refused.value.code == "wrong_bytes"
    assert not skills_dir.exists()
    assert not project.manifest_path.exists()
    diamond.faults = []
    assert install(project, client, ["acme/text"]).written


def test_an_archive_with_another_tree_than_promised_is_refused(diamond, client, project):
    release = diamond.published["acme/text", "1.0.0"]
    other = diamond.add("evil/text", files={"scripts/run.py": b"evil"})
    diamond.published["acme/text", "1.0.0"] = type(release)(
        release.name, release.version, other.archive, release.files, {}
    )
    diamond.log[0] = replace(diamond.log[0], archive_sha256=sha256_hex(other.archive))
    with pytest.raises(SdkError) as refused:
        install(project, client, ["acme/text"])
    assert refused.value.code == "wrong_bytes"


def test_an_answer_that_contradicts_itself_is_refused(diamond, client, project):
    honest = diamond._document

    def lying(release):
        return {**honest(release), "digest": "sha256:" + "0" * 64}

    diamond._document = lying
    with pytest.raises(SdkError) as refused:
        install(project, client, ["acme/text"])
    assert (refused.value.code, refused.value.facts["position"]) == ("log_mismatch", 0)
    diamond.faults = [on("POST", "/api/v1/log", Answer(404, b"{}"), always=True)]
    shutil.rmtree(config_dir() / "log", ignore_errors=True)
    with pytest.raises(SdkError) as refused:
        install(project, client, ["acme/text"])
    assert refused.value.code == "bad_answer"


def test_ci_installs_the_lock_and_changes_neither_file(diamond, client, project, skills_dir):
    install(project, client, ["acme/report"])
    shutil.rmtree(skills_dir)
    shutil.rmtree(project.state_dir)
    diamond.add("acme/text", "1.9.0")
    before = project.manifest_path.read_bytes(), project.lock_path.read_bytes()
    diamond.seen.clear()
    ci(project, client)
    assert (project.manifest_path.read_bytes(), project.lock_path.read_bytes()) == before
    assert diamond.seen == []
    assert verify(project).ok


def test_ci_refuses_a_lock_that_does_not_fit(diamond, client, project):
    install(project, client, ["acme/text"])
    project.manifest_path.write_text('{"skills": {"acme/text": "^2.0.0"}}')
    with pytest.raises(SdkError) as refused:
        ci(project, client)
    assert refused.value.code == "lock_outdated"
    assert "^2.0.0" in refused.value.message
    project.lock_path.unlink()
    with pytest.raises(SdkError) as refused:
        ci(project, client)
    assert refused.value.code == "lock_outdated"


def test_ci_fails_on_any_local_difference(diamond, client, project, skills_dir):
    install(project, client, ["acme/text"])
    path = skills_dir / "text/SKILL.md"
    times = path.stat().st_mtime_ns
    content = path.read_bytes()
    edit(path, content.replace(b"Body", b"Evil"))
    os.utime(path, ns=(times, times))
    with pytest.raises(LocalEdits) as refused:
        ci(project, client)
    assert refused.value.edits[0].files == ("SKILL.md",)


def test_ci_for_one_agent_leaves_the_folders_of_others(diamond, client, project):
    install(project, client, ["acme/text"])
    ci(project, client, options=Options(agents=("gemini",)))
    assert names(project.base / ".gemini/skills") == names(project.base / ".claude/skills") == ["text"]
    assert project.read_manifest().agents == ("claude-code",)
    ci(project, client)
    assert names(project.base / ".claude/skills") == ["text"]


def test_an_agent_is_added_and_taken_away(diamond, client, project):
    install(project, client, ["acme/text"])
    install(project, client, options=Options(agents=("gemini",)))
    assert project.read_manifest().agents == ("claude-code", "gemini")
    assert names(project.base / ".gemini/skills") == ["text"]
    manifest = json.loads(project.manifest_path.read_text())
    project.manifest_path.write_text(json.dumps({**manifest, "agents": ["gemini"]}))
    install(project, client)
    assert not (project.base / ".claude/skills").exists()
    assert names(project.base / ".gemini/skills") == ["text"]


def test_a_dry_run_writes_nothing(diamond, client, project, skills_dir):
    report = install(project, client, ["acme/report"], options=Options(dry_run=True))
    assert set(kinds(report).values()) == {"add"}
    assert not report.written
    assert not skills_dir.exists()
    assert names(project.folder) == [".claude"]


def test_nothing_is_written_without_consent(diamond, client, project, skills_dir):
    plans = []
    options = Options(approve=lambda plan: plans.append(plan.lines()))
    with pytest.raises(InputNeeded) as refused:
        install(project, client, ["acme/text"], options=options)
    assert (refused.value.code, refused.value.exit_code) == ("not_approved", 4)
    assert plans == [[f"{skills_dir} (Claude Code):", "  add acme/text 1.0.0"]]
    assert names(project.folder) == [".claude"]


def test_a_link_cannot_lead_an_install_out_of_the_project(diamond, client, project, skills_dir, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    skills_dir.symlink_to(outside)
    with pytest.raises(SdkError) as refused:
        install(project, client, ["acme/text"])
    assert refused.value.code == "outside_of_project"
    assert names(outside) == []


def test_two_agents_whose_folders_are_one_get_one_copy(diamond, client, project, skills_dir):
    shared = project.base / ".agents/skills"
    shared.mkdir(parents=True)
    skills_dir.symlink_to("../.agents/skills")
    report = install(project, client, ["acme/text"], options=Options(agents=("claude", "codex")))
    assert len(report.actions) == 1
    assert names(shared) == ["text"]
    assert verify(project).ok


def test_without_a_project_nothing_is_installed_by_itself(client, project):
    with pytest.raises(UsageError) as refused:
        install(project, client)
    assert refused.value.code == "no_project"


def test_a_user_has_skills_for_all_projects(diamond, client, own_home):
    from skillyard.sdk.project import user_project

    (own_home / ".claude").mkdir()
    project = user_project()
    install(project, client, ["acme/text"])
    assert names(own_home / ".claude/skills") == ["text"]
    assert names(own_home) == [".claude"]
    assert verify(project).ok
    uninstall(project, ["acme/text"])
    assert not (own_home / ".claude/skills").exists()
