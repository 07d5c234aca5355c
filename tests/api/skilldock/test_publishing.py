"""Upload with SkillDock's own command line: what it says beside the archive, and what is refused."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.skilldock.client import SkillDock

MB = 1024 * 1024


def dependencies_of(answer: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{one['namespace']}/{one['slug']}": one["version_requirement"] for one in answer["release"]["dependencies"]
    }


def a_zip(files: Mapping[str, str | bytes] | None = None, *, name: str = "wire", folder: str = "wire/") -> bytes:
    texts = files or {"SKILL.md": f"---\nname: {name}\ndescription: Does X.\nversion: 1.0.0\n---\n\n# X\n"}
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in texts.items():
            archive.writestr(f"{folder}{path}", text)
    return raw.getvalue()


def send(
    web: httpx.Client, token: str | None, skill: str, data: bytes, *, form: dict[str, str] | None = None, **more: Any
) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    headers |= {"x-skilldock-sha256": more.pop("sha256")} if "sha256" in more else {}
    files = {"file": ("skill.zip", data, "application/zip")}
    return web.post(f"/v1/skills/{skill}/releases", headers=headers, files=files, data=form or {}, params=more)


def test_what_was_uploaded_is_shown_and_kept_byte_for_byte(owner: SkillDock, web: httpx.Client) -> None:
    tags = "tags:\n- productivity\n- automation\n- cli\n"
    answer = owner.upload("acme/kept", "--homepage-url", "https://example.org/kept", tags=tags)
    [file] = answer["release"]["files"]
    assert file["kind"] == "archive"
    data = httpx.get(file["download_url"]).content
    assert hashlib.sha256(data).hexdigest() == file["sha256"] == answer["release"]["sha256"]
    assert len(data) == file["size_bytes"]
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() == ["kept/SKILL.md"]
    assert answer["skill"]["tags"] == ["productivity", "automation", "cli"]
    assert answer["skill"]["homepage_url"] == "https://example.org/kept"
    assert "homepage_url: https://example.org/kept" in owner.run("skills", "get", "acme/kept").stdout


def test_tags_that_are_not_text_are_left_out(owner: SkillDock) -> None:
    tags = 'tags:\n- cli\n- 42\n- true\n- "2024"\n- 1.5\n- null\n- [nested]\n'
    assert owner.upload("acme/tagged", tags=tags)["skill"]["tags"] == ["cli", "2024"]


def test_the_version_beside_the_archive_counts_more(owner: SkillDock) -> None:
    answer = owner.upload("acme/flagged-version", version="1.2.3", name=None)
    assert answer["release"]["version"] == "1.2.3"
    folder = owner.write_skill("flagged-version", version="1.2.0")
    arguments = ["skill", "upload", "--namespace", "acme", "--slug", "flagged-version", "--path", str(folder)]
    answer = owner.data(*arguments, "--version", "1.3.0")
    assert answer["release"]["version"] == "1.3.0"
    assert any("1.2.0" in warning for warning in answer["warnings"])


def test_no_version_in_skill_md_needs_one_beside_it(owner: SkillDock) -> None:
    folder = owner.write_skill("unversioned", version=None)
    arguments = ["skill", "upload", "--namespace", "acme", "--slug", "unversioned", "--path", str(folder)]
    assert "nobody says which version" in owner.refused(*arguments)
    assert owner.data(*arguments, "--version", "0.1.0")["release"]["version"] == "0.1.0"


def test_a_name_that_is_not_the_slug_is_published_with_a_warning(owner: SkillDock) -> None:
    answer = owner.upload("acme/renamed", name="another-name")
    assert answer["skill"]["slug"] == "renamed"
    assert any("another-name" in warning for warning in answer["warnings"])


def test_the_same_version_twice_is_a_conflict(owner: SkillDock) -> None:
    owner.upload("acme/twice")
    folder = owner.write_skill("twice", body="# Changed")
    text = owner.refused("skill", "upload", "--namespace", "acme", "--slug", "twice", "--path", str(folder))
    assert "Release version conflict for acme/twice" in text
    assert "1.0.0" in text


def test_dependencies_come_in_every_form(owner: SkillDock) -> None:
    wanted = {"core/base-utils": "^1.2.0", "tools/lint": ">=2.0.0 <3.0.0"}
    strings = [part for name, text in wanted.items() for part in ("--dependency", f"{name}@{text}")]
    assert dependencies_of(owner.upload("acme/strings", *strings)) == wanted
    assert dependencies_of(owner.upload("acme/map", "--dependencies-json", json.dumps(wanted))) == wanted
    objects = [
        {"namespace": "core", "slug": "base-utils", "version_requirement": "^1.2.0"},
        {"skill": "tools/lint", "version_requirement": ">=2.0.0 <3.0.0"},
    ]
    file = owner.project / "dependencies.json"
    file.write_text(json.dumps(objects))
    assert dependencies_of(owner.upload("acme/objects", "--dependencies-json", f"@{file}")) == wanted
    others = ["core/any", "core/newest@latest", "core/exact@==1.2.0", "core/both@>=1.0.0,<2.0.0"]
    shown = dependencies_of(owner.upload("acme/others", *[part for one in others for part in ("--dependency", one)]))
    assert shown == {
        "core/any": "*", "core/both": ">=1.0.0 <2.0.0", "core/exact": "=1.2.0", "core/newest": "*",
    }  # fmt: skip
    pinned = [{"namespace": "core", "slug": "pinned", "release_version": "1.4.0"}]
    assert dependencies_of(owner.upload("acme/pins", "--dependencies-json", json.dumps(pinned))) == {
        "core/pinned": "=1.4.0"
    }


@pytest.mark.parametrize(
    "wanted",
    [
        '"acme/x@^1"', "17", "[17]", "[[]]", "{", '["no-namespace@^1.0.0"]', '["acme/x@not a range"]',
        '{"acme/x": 1}', '["../x/y@1.0.0"]', '[{"slug": "x"}]', '["acme/x@>2 <1"]', "[" * 5000,
    ],
)  # fmt: skip
def test_a_malformed_dependency_is_refused(owner: SkillDock, web: httpx.Client, wanted: str) -> None:
    answer = send(web, owner.token, "acme/wire", a_zip(), form={"dependencies": wanted})
    assert answer.status_code == 422, answer.text
    assert answer.json()["message"]


def test_an_unknown_namespace_is_made_when_the_client_asks_for_it(owner: SkillDock, web: httpx.Client) -> None:
    folder = owner.write_skill("first")
    arguments = ["skill", "upload", "--namespace", "brand-new", "--slug", "first", "--path", str(folder)]
    assert "Namespace not found" in owner.refused(*arguments)
    assert owner.data(*arguments, "--create-namespace")["release"]["version"] == "1.0.0"
    assert "brand-new" in owner.run("namespaces", "list").stdout


def test_a_namespace_of_others_stays_theirs(owner: SkillDock, eve: SkillDock, web: httpx.Client) -> None:
    folder = eve.write_skill("theirs")
    arguments = ["skill", "upload", "--namespace", "acme", "--slug", "theirs", "--path", str(folder)]
    assert "Namespace not found" in eve.refused(*arguments)
    assert "409" in eve.refused(*arguments, "--create-namespace")
    assert send(web, None, "acme/theirs", a_zip()).status_code == 401
    assert send(web, owner.token, "acme/wire", a_zip(), version="9.0.0").status_code == 201


def test_the_hash_beside_the_archive_must_be_its_own(owner: SkillDock, web: httpx.Client) -> None:
    data = a_zip(name="hashed")
    wrong = send(web, owner.token, "acme/hashed", data, sha256="0" * 64)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "skill_refused")
    assert "was changed on the way" in wrong.json()["message"]
    right = send(web, owner.token, "acme/hashed", data, sha256=hashlib.sha256(data).hexdigest().upper())
    assert right.status_code == 201


def test_more_than_ten_mebibytes_are_refused(owner: SkillDock, web: httpx.Client) -> None:
    answer = send(web, owner.token, "acme/large", b"PK\x03\x04" + b"\x00" * (10 * MB))
    assert (answer.status_code, answer.json()["code"]) == (413, "archive_too_large")
    assert send(web, owner.token, "acme/large", b"PK\x03\x04" + b"\x00" * (40 * MB)).status_code == 413


@pytest.mark.parametrize(
    "data",
    [
        b"", b"not a zip", b"PK\x03\x04broken", a_zip({"README.md": "no skill"}),
        a_zip({"SKILL.md": "no front matter"}), a_zip({"SKILL.md": b"\xff\xfe\x00"}),
        a_zip({"../SKILL.md": "---\nname: wire\ndescription: d\n---\n"}),
        a_zip({"SKILL.md": "---\nname: wire\ndescription: d\n---\n", "a\\b": "x"}),
        a_zip({"/etc/SKILL.md": "x", "SKILL.md": "---\nname: wire\ndescription: d\n---\n"}, folder=""),
    ],
)  # fmt: skip
def test_what_is_no_skill_is_refused_with_the_reason(owner: SkillDock, web: httpx.Client, data: bytes) -> None:
    answer = send(web, owner.token, "acme/no-skill", data, version="1.0.0")
    assert answer.status_code == 422, answer.text
    assert len(answer.json()["message"]) > 20


def test_a_bomb_is_refused(owner: SkillDock, web: httpx.Client) -> None:
    skill = "---\nname: bomb\ndescription: d\nversion: 1.0.0\n---\n"
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/SKILL.md", skill)
        with archive.open("bomb/zeros", "w", force_zip64=True) as file:
            for _ in range(600):
                file.write(b"\x00" * MB)
    answer = send(web, owner.token, "acme/bomb", raw.getvalue())
    assert answer.status_code == 422, answer.text


def test_a_release_cannot_change_who_sees_the_skill(owner: SkillDock) -> None:
    owner.upload("acme/stays-private", "--visibility", "private")
    folder = owner.write_skill("stays-private", version="1.1.0")
    arguments = ["skill", "upload", "--namespace", "acme", "--slug", "stays-private", "--path", str(folder)]
    assert "is private" in owner.refused(*arguments, "--visibility", "public")
    assert owner.data(*arguments)["skill"]["visibility"] == "private"


def test_the_local_commands_need_no_server(owner: SkillDock, tmp_path: Path) -> None:
    alone = SkillDock(tmp_path, "http://127.0.0.1:9")
    folder = alone.write_skill("local")
    assert alone.data("skill", "verify", str(folder))["ok"] is True
    arguments = ["skill", "upload", "--namespace", "acme", "--slug", "local", "--path", str(folder)]
    assert json.loads(alone.run(*arguments, "--dry-run").stdout)["dry_run"] is True
