"""What the client does about a registry's public log: pins, checks, refuses, names the entry."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from skillyard.sdk.client import Client
from skillyard.sdk.config import config_dir
from skillyard.sdk.errors import IntegrityError, NetworkError, SdkError, UsageError
from skillyard.sdk.install import Options, ci, install, update
from skillyard.sdk.log_memory import forget_log, recall_log
from skillyard.sdk.log_verify import check_offline, own_checkpoint, verify_log
from skillyard.sdk.project import find_project
from skillyard.skill.log.checkpoint import Checkpoint
from skillyard.skill.log.note import SignerKey
from tests.sdk.stand_in import Answer, on, refusal


@pytest.fixture
def shelf(registry):
    registry.add("acme/text", files={"a.txt": b"one"})
    registry.add("acme/pdf", needs={"acme/text": "*"})
    return registry


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """From here on another machine: nothing is known, nothing is stored."""

    def move(name="other"):
        monkeypatch.setenv("SKILLYARD_CONFIG_DIR", str(tmp_path / name / "config"))
        monkeypatch.setenv("SKILLYARD_CACHE_DIR", str(tmp_path / name / "cache"))
        folder = tmp_path / name / "project"
        (folder / ".claude").mkdir(parents=True, exist_ok=True)
        return find_project(folder)

    return move


def refused(project, client, *specs):
    with pytest.raises(IntegrityError) as caught:
        install(project, client, specs)
    assert caught.value.exit_code == 1
    return caught.value


def test_the_key_is_pinned_and_shown_at_the_first_install_only(shelf, client, project):
    first = install(project, client, ["acme/text"])
    assert [note for note in first.notes if str(shelf.log_key.verifier) in note]
    second = install(project, client, ["acme/pdf"])
    assert not [note for note in second.notes if "log" in note]
    memory = recall_log(client.base_url)
    assert memory.key == shelf.log_key.verifier
    assert memory.checkpoint.size == 2


def test_the_log_is_asked_once_for_all_skills_and_noted_in_the_lock(shelf, client, project):
    install(project, client, ["acme/pdf"])
    assert len(shelf.asked("POST", "/api/v1/log")) == 1
    assert {name: skill.log_position for name, skill in project.read_lock().skills.items()} == {
        "acme/text": 0, "acme/pdf": 1,
    }  # fmt: skip


def test_what_was_checked_once_installs_from_the_store_without_network(shelf, client, project):
    install(project, client, ["acme/pdf"])
    shutil.rmtree(project.base / ".claude/skills")
    shelf.seen.clear()
    assert ci(project, client).written
    assert not shelf.asked("POST", "/api/v1/log")


def test_another_machine_checks_the_same_lock_itself(shelf, client, project, elsewhere):
    install(project, client, ["acme/pdf"])
    other = elsewhere()
    for file in (project.manifest_path, project.lock_path):
        shutil.copy(file, other.folder / file.name)
    shelf.seen.clear()
    with Client(shelf.url) as fresh:
        assert ci(other, fresh).written
    assert len(shelf.asked("POST", "/api/v1/log")) == 1


def test_a_release_with_another_digest_than_logged_is_refused_by_name(shelf, client, project):
    shelf.log[0] = replace(shelf.log[0], digest="sha256:" + "0" * 64)
    error = refused(project, client, "acme/text")
    assert error.code == "log_mismatch"
    assert "acme/text@1.0.0" in error.message
    assert "entry 0 (release.published acme/text@1.0.0 by ada)" in error.message
    assert set(error.facts["differs"]) == {"digest"}
    assert not project.manifest_path.exists()


def test_a_release_with_another_archive_than_logged_is_refused(shelf, client, project):
    shelf.log[0] = replace(shelf.log[0], archive_sha256="0" * 64)
    assert set(refused(project, client, "acme/text").facts["differs"]) == {"archive"}


def test_a_release_that_is_not_in_the_log_is_refused(shelf, client, project):
    shelf.log.pop()
    error = refused(project, client, "acme/pdf")
    assert (error.code, error.facts["release"]) == ("not_in_log", "acme/pdf@1.0.0")


def test_an_entry_that_the_log_was_not_built_from_is_refused(shelf, client, project):
    honest = shelf.answer

    def lying(seen):
        answer = honest(seen)
        if seen.path.endswith("/proofs"):
            document = json.loads(answer.body)
            document["entries"][0]["leaf"] = document["entries"][0]["leaf"].replace('"by":"ada"', '"by":"eve"')
            answer.body = json.dumps(document).encode()
            answer.headers.pop("Content-Length", None)
        return answer

    shelf.answer = lying
    error = refused(project, client, "acme/text")
    assert error.code == "log_entry_changed"
    assert error.facts["position"] == 0
    assert '"by":"eve"' in error.message


def test_a_log_that_became_shorter_is_refused_and_what_is_gone_named(shelf, client, project):
    install(project, client, ["acme/pdf"])
    shelf.log.pop()
    error = refused(project, client, "acme/text")
    assert error.code == "log_rewritten"
    assert error.facts["changed"] == ["entry 1, release.published acme/pdf@1.0.0"]


def test_a_log_that_was_rewritten_is_refused_and_the_changed_entry_named(shelf, client, project):
    install(project, client, ["acme/pdf"])
    shelf.add("acme/new")
    shelf.log[0] = replace(shelf.log[0], by="eve")
    error = refused(project, client, "acme/new")
    assert error.code == "log_rewritten"
    assert error.facts["changed"] == ["entry 0, release.published acme/text@1.0.0"]


def test_a_release_that_is_logged_twice_counts_as_it_was_first(shelf, client, project, elsewhere):
    """A registry that replaces a release and logs it anew is found out by those who have the first entry."""
    install(project, client, ["acme/text"])
    lock = project.lock_path.read_text()
    shelf.log += [replace(shelf.log[0], at_ms=2)]
    honest = shelf.answer

    def hiding(seen):
        if seen.path.endswith("/proofs"):
            asked = json.loads(seen.body)
            return shelf._prove({**asked, "releases": [], "positions": [2]})
        return honest(seen)

    shelf.answer = hiding
    error = refused(project, client, "acme/text@*")
    assert (error.code, error.facts["position"]) == ("log_mismatch", 0)
    other = elsewhere()
    shutil.copy(project.manifest_path, other.manifest_path)
    other.lock_path.write_text(lock)
    with Client(shelf.url) as fresh, pytest.raises(IntegrityError, match="published in entry 0"):
        ci(other, fresh)


def test_another_key_is_refused(shelf, client, project):
    install(project, client, ["acme/text"])
    shelf.log_key = SignerKey(name="stand-in", seed=bytes(31) + b"\1")
    assert refused(project, client, "acme/pdf").code == "log_key_changed"
    assert forget_log(client.base_url)
    assert install(project, client, ["acme/pdf"]).written


@pytest.mark.parametrize("part", ["checkpoint", "key", "consistency", "entries", "missing"])
@pytest.mark.parametrize("value", [None, "", 7, [7], ["AAAA"], [{}], {"x": 1}])
def test_an_answer_that_makes_no_sense_is_refused(shelf, client, project, part, value):
    install(project, client, ["acme/text"])
    document = json.loads(shelf._prove({"releases": [{"name": "acme/pdf", "version": "1.0.0"}], "known_size": 2}).body)
    shelf.faults = [on("POST", "/api/v1/log", Answer(200, json.dumps({**document, part: value}).encode(),
                                                     {"Content-Type": "application/json"}))]  # fmt: skip
    refused(project, client, "acme/pdf")
    assert set(project.read_lock().skills) == {"acme/text"}


def test_without_an_answer_of_the_log_nothing_new_is_installed(shelf, client, project):
    shelf.faults = [on("POST", "/api/v1/log", refusal(503, "unavailable"), always=True)]
    with pytest.raises(SdkError) as caught:
        install(project, client, ["acme/text"])
    assert caught.value.exit_code == NetworkError.exit_code
    assert not project.manifest_path.exists()


def test_a_registry_without_a_log_is_told_but_one_that_had_one_is_refused(shelf, client, project):
    shelf.faults = [on("POST", "/api/v1/log", refusal(404, "no_such_route"), always=True)]
    assert [note for note in install(project, client, ["acme/text"]).notes if "no public log" in note]
    shelf.faults.clear()
    install(project, client, ["acme/pdf"])
    shelf.add("acme/new")
    shelf.faults = [on("POST", "/api/v1/log", refusal(404, "no_such_route"), always=True)]
    with pytest.raises(SdkError):
        install(project, client, ["acme/new"])
    assert "acme/new" not in project.read_lock().skills


def test_an_update_is_held_to_the_log_too(shelf, client, project):
    install(project, client, ["acme/text"])
    shelf.add("acme/text", "1.1.0")
    shelf.log[-1] = replace(shelf.log[-1], digest="sha256:" + "0" * 64)
    with pytest.raises(IntegrityError, match="entry 2"):
        update(project, client)
    assert project.read_lock().skills["acme/text"].version == "1.0.0"


def test_a_dry_run_is_refused_as_well(shelf, client, project):
    shelf.log[0] = replace(shelf.log[0], digest="sha256:" + "0" * 64)
    with pytest.raises(IntegrityError):
        install(project, client, ["acme/text"], options=Options(dry_run=True))


def test_the_kept_proofs_hold_without_network(shelf, client, project):
    install(project, client, ["acme/pdf"])
    shelf.close()
    assert check_offline(project) == []


def test_a_lock_that_says_otherwise_than_the_kept_proofs_is_found_offline(shelf, client, project):
    install(project, client, ["acme/pdf"])
    text = project.lock_path.read_text()
    sha256 = project.read_lock().skills["acme/text"].sha256
    project.lock_path.write_text(text.replace(sha256, "0" * 64))
    (problem,) = check_offline(project)
    assert problem.name == "acme/text"
    assert "archive" in problem.problem
    project.lock_path.write_text(text.replace('"log_position": 1', '"log_position": 0'))
    assert [problem.name for problem in check_offline(project)] == ["acme/pdf"]


def test_a_kept_proof_that_was_edited_is_found_offline(shelf, client, project):
    install(project, client, ["acme/text"])
    (path,) = (config_dir() / "log").glob("*/proofs/*.json")
    path.write_text(path.read_text().replace("ada", "eve"))
    assert len(check_offline(project)) == 1
    path.write_text("{")
    assert len(check_offline(project)) == 1
    path.unlink()
    assert "keeps no proof" in check_offline(project)[0].problem


def test_a_memory_that_cannot_be_read_is_never_made_anew_silently(shelf, client, project):
    install(project, client, ["acme/text"])
    (path,) = (config_dir() / "log").glob("*/log.json")
    path.write_text("{}")
    with pytest.raises(SdkError) as caught:
        install(project, client, ["acme/pdf"])
    assert caught.value.code == "bad_log_memory"


def test_verify_counts_what_it_held_the_log_to(shelf, client, project):
    install(project, client, ["acme/pdf"])
    shelf.add("acme/new")
    found = verify_log(client)
    assert (found.size, found.releases, found.compared_size) == (3, 2, None)
    assert own_checkpoint(client.base_url) == found.checkpoint


def test_a_checkpoint_of_the_same_history_compares_well_from_both_sides(shelf, client, project, elsewhere):
    install(project, client, ["acme/text"])
    older = own_checkpoint(client.base_url)
    shelf.add("acme/new")
    elsewhere()
    with Client(shelf.url) as other:
        assert verify_log(other, older).compared_size == 2
        newer = own_checkpoint(other.base_url)
    elsewhere("third")
    with Client(shelf.url) as third:
        assert verify_log(third, newer).compared_size == 3


def test_exchanged_checkpoints_expose_two_histories(shelf, client, project, elsewhere):
    install(project, client, ["acme/text"])
    mine = own_checkpoint(client.base_url)
    shelf.log = [replace(shelf.log[0], digest="sha256:" + "0" * 64), shelf.log[1]]
    elsewhere()
    with Client(shelf.url) as second:
        assert verify_log(second).size == 2
        with pytest.raises(IntegrityError) as caught:
            verify_log(second, mine)
        theirs = own_checkpoint(second.base_url)
    assert (caught.value.code, caught.value.exit_code) == ("log_fork", 1)
    assert (caught.value.facts["ours"], caught.value.facts["theirs"]) == (theirs, mine)


def test_a_registry_that_hides_the_newest_entries_from_one_client_is_exposed(shelf, client, project, elsewhere):
    install(project, client, ["acme/text"])
    mine = own_checkpoint(client.base_url)
    shelf.log.pop()
    elsewhere()
    with Client(shelf.url) as second, pytest.raises(IntegrityError) as caught:
        verify_log(second, mine)
    assert caught.value.code == "log_fork"


def test_a_registry_that_tells_each_question_the_history_behind_it_is_exposed(shelf, client, project, elsewhere):
    install(project, client, ["acme/text"])
    mine = own_checkpoint(client.base_url)
    ours, theirs = list(shelf.log), [replace(shelf.log[0], by="eve"), shelf.log[1]]
    histories = [theirs, theirs, ours]
    honest = shelf.answer

    def two_faced(seen):
        if seen.path.endswith("/proofs"):
            shelf.log = histories.pop(0)
        return honest(seen)

    shelf.answer = two_faced
    elsewhere()
    with Client(shelf.url) as second, pytest.raises(IntegrityError) as caught:
        verify_log(second, mine)
    assert caught.value.code == "log_fork"
    assert histories == []


def test_what_is_no_checkpoint_of_this_log_is_said_to_be_none(shelf, client):
    with pytest.raises(UsageError):
        verify_log(client, "hello\n")
    other = Checkpoint(origin="stand-in", size=1, root=bytes(32)).sign(SignerKey(name="stand-in", seed=b"x" * 32))
    with pytest.raises(IntegrityError) as caught:
        verify_log(client, other)
    assert caught.value.code == "log_other_key"


def test_the_store_alone_is_enough_when_the_log_is_away(shelf, client, project):
    """A machine that has the archives but keeps no proofs, and no network: told, not refused."""
    install(project, client, ["acme/text"])
    shutil.rmtree(config_dir() / "log")
    shutil.rmtree(project.base / ".claude/skills")
    shelf.close()
    with Client(shelf.url, attempts=1) as fresh:
        report = ci(project, fresh)
    assert report.written
    assert [note for note in report.notes if "could not be asked" in note]
