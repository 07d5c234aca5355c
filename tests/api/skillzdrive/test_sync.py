"""A sync as the reference documents it: preview, execute, finalize, the daily diff; by the hashes of zips."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.asgi import Answer, call
from tests.api.skillzdrive.sender import Sender, refused
from tests.makers import a_release, a_skill_archive, make_app

INSTALL = "7c1c5b0e-3f0a-4f5e-9d9e-0c1f3c5f8a11"
NONE = "0" * 64


@pytest.fixture
def sender(tmp_path: Path) -> Iterator[Sender]:
    app = make_app(tmp_path)
    made = Sender(app)
    for slug, format in (("pdf-fill", "zip"), ("old-skill", "tar.gz"), ("other", "zip")):
        a_release(app, made.people["ada"], f"ada/{slug}", format=format)  # type: ignore[arg-type]
    yield made
    app.close()


def _sha(sender: Sender, slug: str) -> str:
    return str(sender.data(None, "GET", f"/skills/{slug}")["download"]["content_sha"])


def _local(sender: Sender, slug: str, sha: str | None = None, *, source: bool = True) -> dict[str, Any]:
    sha = sha or _sha(sender, slug)
    return {
        "slug": slug,
        "content_sha": sha,
        "size_bytes": 12340,
        **({"source": f"skillzdrive:{slug}"} if source else {}),
    }


def _preview(sender: Sender, *local: dict[str, Any], known: tuple[dict[str, Any], ...] = (), **more: Any) -> Any:
    hosted = [{"slug": one["slug"], "content_sha": one["content_sha"]} for one in known]
    return sender.data("bob", "POST", "/drive/sync/preview", {"local": local, "hosted_known": hosted, **more})


def _actions(preview: Any) -> dict[str, str]:
    return {one["slug"]: one["action"] for one in preview["classifications"]}


def _execute(sender: Sender, preview: Any, kind: str = "manual", **more: Any) -> Any:
    body = {"install_id": INSTALL, "kind": kind, "mode": "all", "classifications": preview["classifications"], **more}
    return sender.data("bob", "POST", "/drive/sync/execute", body)


def _finalize(sender: Sender, run: Any, *results: dict[str, Any]) -> Any:
    counters = {"public_claimed": 1, "credits_charged": 0}
    body = {"run_id": run["run_id"], "item_results": results, "counters": counters}
    return sender.data("bob", "POST", "/drive/sync/finalize", body)


def _fetch(sender: Sender, path: str, who: str | None) -> Answer:
    answer = sender.send(who, "GET", path)
    if answer.status != 302:
        return answer
    return call(sender.site, "GET", answer.headers["location"].removeprefix(sender.app.settings.address))


def _upload(sender: Sender, path: str, archive: bytes, who: str = "bob") -> Answer:
    head = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.zip"\r\n\r\n'
    body = head + archive + b"\r\n--x--\r\n"
    return sender.send(who, "POST", path, body, content_type="multipart/form-data; boundary=x")


def test_a_preview_says_per_skill_what_would_happen_and_changes_nothing(sender: Sender) -> None:
    sender.data("bob", "POST", "/drive/import", {"skillSlug": "other"})
    preview = _preview(sender, _local(sender, "pdf-fill"), {"slug": "mine", "content_sha": NONE})
    assert _actions(preview) == {"pdf-fill": "claim_public", "mine": "upload_private", "other": "download_install"}
    claim = preview["classifications"][0]
    assert (claim["direction"], claim["credits_required"]) == ("push", 0)
    assert claim["canonical_skill_id"] == sender.data(None, "GET", "/skills/pdf-fill")["skill"]["id"]
    assert claim["reason"]
    summary = preview["summary"]
    assert summary["pushes"] == {"free_claims": 1, "paid_uploads": 0, "total_credits": 0}
    assert summary["pulls"] == {"installs": 1, "updates": 0}
    assert (summary["balance"], summary["balance_after"], summary["balance_sufficient"]) == (0, 0, True)
    assert set(summary["free_tier_overage"]) == {"current_max", "after_sync", "would_grandfather"}
    assert [skill["slug"] for skill in sender.data("bob", "GET", "/drive")["skills"]] == ["other"]


def test_what_was_previewed_is_claimed_downloaded_and_uploaded_and_then_in_sync(sender: Sender) -> None:
    sender.data("bob", "POST", "/drive/import", {"skillSlug": "old-skill"})
    local = [_local(sender, "pdf-fill", source=False), {"slug": "mine", "content_sha": NONE}]
    run = _execute(sender, _preview(sender, *local), "first_run")
    results = {one["slug"]: one for one in run["results"]}
    assert (results["pdf-fill"]["action"], results["pdf-fill"]["status"]) == ("claim_public", "committed")
    pull, push = results["old-skill"], results["mine"]
    assert (pull["status"], pull["download_version"]) == ("pending_download", 1)
    zipped = _fetch(sender, pull["download_url"], None)
    assert hashlib.sha256(zipped.body).hexdigest() == pull["download_content_sha"]
    assert (push["status"], push["credits_required"]) == ("pending_upload", 0)
    archive = a_skill_archive("mine")
    uploaded = _upload(sender, push["upload_url"], archive)
    assert uploaded.json()["data"]["full_name"] == "bob/mine"
    assert _upload(sender, push["upload_url"], archive).json() == uploaded.json()
    done = [{"slug": slug, "status": "committed"} for slug in results]
    closed = _finalize(sender, run, *done)
    assert closed["drive_count"] == closed["drive_grandfather_high_water"] == 3
    assert closed["counts"] == {"committed": 3}
    assert _finalize(sender, run, *done) == closed
    there = [_local(sender, slug) for slug in ("pdf-fill", "old-skill")]
    mine = {"slug": "mine", "content_sha": hashlib.sha256(archive).hexdigest(), "source": "skillzdrive:bob--mine"}
    assert set(_actions(_preview(sender, *there, mine)).values()) == {"skip_in_sync"}


def test_an_update_comes_to_a_folder_that_nobody_edited_and_edits_are_left_to_the_person(sender: Sender) -> None:
    before = _local(sender, "pdf-fill")
    sender.data("bob", "POST", "/drive/import", {"skillSlug": "pdf-fill"})
    a_release(sender.app, sender.people["ada"], "ada/pdf-fill", "1.1.0", body="# Better")
    sender.data("bob", "POST", "/drive/updates/pdf-fill/accept")
    preview = _preview(sender, before, known=(before,))
    assert _actions(preview) == {"pdf-fill": "download_update"}
    (pull,) = _execute(sender, preview)["results"]
    assert (pull["status"], pull["download_version"], pull["download_semver"]) == ("pending_download", 2, "1.1.0")
    edited = {**before, "content_sha": NONE}
    assert _actions(_preview(sender, edited, known=(before,))) == {"pdf-fill": "conflict"}


def test_a_private_skill_is_downloaded_with_the_key_and_by_nobody_else(sender: Sender) -> None:
    a_release(sender.app, sender.people["bob"], "bob/secret", visibility="private", format="tar.gz")
    sender.data("bob", "POST", "/drive/import", {"skillSlug": "bob--secret"})
    (pull,) = _execute(sender, _preview(sender))["results"]
    zipped = _fetch(sender, pull["download_url"], "bob")
    assert hashlib.sha256(zipped.body).hexdigest() == pull["download_content_sha"]
    assert _fetch(sender, pull["download_url"], None).status == 401
    assert refused(_fetch(sender, pull["download_url"], "eve"), 404)["code"] == "skill_not_found"


def test_what_is_not_as_it_was_previewed_is_answered_as_stale_and_not_done(sender: Sender) -> None:
    preview = _preview(sender, _local(sender, "pdf-fill"), {"slug": "mine", "content_sha": NONE})
    sender.data("bob", "POST", "/drive/import", {"skillSlug": "pdf-fill"})
    results = {one["slug"]: one["status"] for one in _execute(sender, preview)["results"]}
    assert results["pdf-fill"] in ("stale", "skipped")
    assert results["mine"] == "pending_upload"
    made_up = {"classifications": [{"slug": "other", "direction": "push", "action": "claim_public"}]}
    (stale,) = [one for one in _execute(sender, made_up)["results"] if one["slug"] == "other"]
    assert stale["status"] == "stale"
    assert [skill["slug"] for skill in sender.data("bob", "GET", "/drive")["skills"]] == ["pdf-fill"]


def test_modes_leave_out_what_they_do_not_allow_and_say_so(sender: Sender) -> None:
    local = [_local(sender, "pdf-fill"), {"slug": "mine", "content_sha": NONE}]
    public = _preview(sender, *local, mode="public_only")
    assert _actions(public) == {"pdf-fill": "claim_public"}
    assert [one["slug"] for one in public["left_out"]] == ["mine"]
    assert _actions(_preview(sender, *local, mode="pulls_only")) == {}
    error = sender.refused("bob", "POST", "/drive/sync/preview", {"local": local, "mode": "none"}, status=400)
    assert error["code"] == "invalid_request"


def test_the_daily_diff_names_what_is_here_there_and_different(sender: Sender) -> None:
    for slug in ("pdf-fill", "old-skill", "other"):
        sender.data("bob", "POST", "/drive/import", {"skillSlug": slug})
    body = {
        "local": [
            {"slug": "pdf-fill", "content_sha": NONE},
            {"slug": "other", "content_sha": _sha(sender, "other")},
            {"slug": "mine", "content_sha": "1" * 64},
        ]
    }
    found = sender.data("bob", "POST", "/drive/diff", body)
    assert found == {
        "local_only": [{"slug": "mine", "content_sha": "1" * 64}],
        "drive_only": [{"slug": "old-skill", "full_name": "ada/old-skill"}],
        "divergent": [{"slug": "pdf-fill", "local_content_sha": NONE, "drive_content_sha": _sha(sender, "pdf-fill")}],
    }


def test_a_run_is_its_owners_alone(sender: Sender) -> None:
    run = _execute(sender, _preview(sender, {"slug": "mine", "content_sha": NONE}))
    body = {"run_id": run["run_id"]}
    assert sender.refused("eve", "POST", "/drive/sync/finalize", body, status=404)["code"] == "sync_run_not_found"
    path = f"/api/v1/drive/sync/{run['run_id']}/uploads/mine"
    refused(_upload(sender, path, a_skill_archive("mine"), "eve"), 404)
    assert refused(_upload(sender, path, b"no zip"), 400)["details"]["faults"]
    assert refused(_upload(sender, path, a_skill_archive("other")), 400)["code"] == "sync_other_skill"


def test_a_state_that_cannot_be_is_refused_with_every_fault(sender: Sender) -> None:
    states: list[Any] = [
        [{"slug": "", "content_sha": NONE}],
        [{"slug": "a", "content_sha": NONE}, {"slug": "a", "content_sha": NONE}],
        [{"slug": "a"}],
        [{"slug": "a", "content_sha": "x" * 201}],
        [{"slug": "a", "content_sha": NONE, "size_bytes": -1}],
        "none",
    ]
    for local in states:
        error = sender.refused("bob", "POST", "/drive/sync/preview", {"local": local}, status=400)
        assert error["details"]["faults"]


def test_a_source_that_says_nothing_is_passed_over(sender: Sender) -> None:
    for source in ("skillzdrive:", "skillzdrive:../x", "skillzdrive:a--b--c", "github:x"):
        preview = _preview(sender, {"slug": "mine", "content_sha": "\u00e4 not hex", "source": source})
        assert _actions(preview) == {"mine": "upload_private"}
