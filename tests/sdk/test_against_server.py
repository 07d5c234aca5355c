"""The client against a real server: one process for the module, one namespace of its own for each test."""

import hashlib
import itertools
import threading
import time

import pytest

from skillyard.sdk.client import Client
from skillyard.sdk.errors import ApiError, SdkError
from skillyard.sdk.install import Options, ci, install, uninstall, update
from skillyard.sdk.login import redeem_link, sign_in_with_browser, sign_in_with_password, sign_out
from skillyard.sdk.status import outdated, verify, why
from skillyard.sdk.store import Store
from tests.journeys.running import a_server
from tests.sdk.stand_in import packed

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with a_server(folder) as running, pytest.MonkeyPatch.context() as environment:
        environment.setenv("SKILLYARD_CONFIG_DIR", str(folder / "config"))
        environment.setenv("SKILLYARD_CACHE_DIR", str(folder / "cache"))
        redeem_link(running.link, username="yara", password="correct horse battery staple")
        from skillyard.sdk.config import choose_registry

        yield running.url, choose_registry(running.url).token


@pytest.fixture
def real(server):
    url, token = server
    with Client(url, token) as connected:
        yield connected


@pytest.fixture
def namespace(real):
    return real.create_namespace(f"yard-{next(_numbers)}-{hashlib.sha256(b'x').hexdigest()[:4]}")["slug"]


@pytest.fixture
def publish(real, namespace, tmp_path):
    def send(slug, version="1.0.0", *, needs=None, files=None, executable=(), **options):
        lines = [f"name: {slug}", f"description: Does {slug}.", f'version: "{version}"']
        if needs:
            lines += ["dependencies:", *(f'  {namespace}/{other}: "{text}"' for other, text in needs.items())]
        skill = "---\n" + "\n".join(lines) + "\n---\nBody.\n"
        archive = tmp_path / f"{slug}-{version}.zip"
        archive.write_bytes(packed({"SKILL.md": skill.encode(), **(files or {})}, executable=executable))
        method = options.pop("method", real.publish)
        return method(f"{namespace}/{slug}", archive, **options)

    return send


@pytest.fixture
def diamond(publish, namespace):
    publish("text", files={"scripts/run.py": b"print(1)\n"}, executable=("scripts/run.py",))
    publish("table", needs={"text": "^1.0.0"})
    publish("chart", needs={"text": "^1.0.0"})
    publish("report", needs={"table": "^1.0.0", "chart": "^1.0.0"})
    return namespace


def until_found(real, namespace, slug):
    """A publish is searchable within a second."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if f"{namespace}/{slug}" in [item["name"] for item in real.search(slug, namespace=namespace)["items"]]:
            return
        time.sleep(0.05)
    raise AssertionError(f"{namespace}/{slug} was not found")


def test_every_typed_verb_reaches_its_operation(real, publish, namespace, tmp_path):
    assert real.health()["status"] == "ok"
    assert real.me()["user"]["username"] == "yara"
    release = publish("pdf")["release"]
    publish("pdf", "1.1.0-rc.1", channel="next", method=real.publish_two_phase)
    name = f"{namespace}/pdf"
    assert real.skill(name)["channels"] == {"latest": "1.0.0", "next": "1.1.0-rc.1"}
    assert real.release(name)["digest"] == release["digest"]
    assert [item["version"] for item in real.releases(name)] == ["1.1.0-rc.1", "1.0.0"]
    assert [file["path"] for file in real.files(name, "1.0.0")] == ["SKILL.md"]
    assert b"Body." in real.file(name, "1.0.0", "SKILL.md")
    digests = real.download(name, "1.0.0", tmp_path / "out.zip")
    assert hashlib.sha256((tmp_path / "out.zip").read_bytes()).hexdigest() == digests.sha256
    assert real.yank(name, "1.0.0", "broken")["yanked"]["reason"] == "broken"
    assert real.unyank(name, "1.0.0")["yanked"] is None
    real.deprecate(name, "Use another.")
    assert real.skill(name)["deprecated"]["message"] == "Use another."
    real.undeprecate(name)
    real.deprecate(name, "Old.", "1.0.0")
    assert real.release(name, "1.0.0")["deprecated"]["message"] == "Old."
    real.undeprecate(name, "1.0.0")
    real.set_channel(name, "beta", "1.0.0")
    real.remove_channel(name, "beta")
    assert set(real.skill(name)["channels"]) == {"latest", "next"}


def test_tokens_namespaces_and_members(real, namespace):
    made = real.create_token("ci", scopes=["read", "publish"], expires_in_days=1, namespaces=[namespace])
    assert made["token"].startswith("sky_pt_")
    assert made["details"]["id"] in [token["id"] for token in real.tokens()]
    with Client(real.base_url, made["token"]) as scoped, pytest.raises(ApiError) as refused:
        scoped.create_token("more", scopes=["read"])
    assert refused.value.status == 403
    real.revoke_token(made["details"]["id"])
    with Client(real.base_url, made["token"]) as revoked, pytest.raises(ApiError) as refused:
        revoked.search()
    assert (refused.value.status, refused.value.exit_code) == (401, 4)
    assert namespace in [space["slug"] for space in real.namespaces()]
    assert [member["username"] for member in real.members(namespace)] == ["yara"]
    assert real.create_sign_in_link()["url"].startswith(real.base_url)


def test_a_dry_run_gives_every_fault_and_stores_nothing(real, namespace, tmp_path):
    archive = tmp_path / "bad.zip"
    archive.write_bytes(packed({"SKILL.md": b"---\nname: Bad Name\n---\n", "../evil": b"x"}))
    verdict = real.publish(f"{namespace}/bad", archive, dry_run=True)
    assert not verdict["ok"]
    assert verdict["faults"]
    with pytest.raises(ApiError) as refused:
        real.publish(f"{namespace}/bad", archive)
    assert refused.value.code == "skill_refused"
    assert refused.value.faults
    with pytest.raises(ApiError):
        real.skill(f"{namespace}/bad")


def test_the_same_version_again_is_a_conflict(publish):
    publish("pdf")
    with pytest.raises(ApiError) as refused:
        publish("pdf", files={"more.md": b"x"})
    assert (refused.value.code, refused.value.facts["identical"]) == ("release_exists", False)


def test_the_whole_document_is_callable_by_name(real, publish, namespace):
    publish("pdf")
    operations = real.operations()
    assert len({operation.name for operation in operations}) == len(operations) > 40
    assert real.ops.get_skill(namespace=namespace, slug="pdf")["name"] == f"{namespace}/pdf"
    assert real.call("listReleases", namespace=namespace, slug="pdf")["items"][0]["version"] == "1.0.0"
    raw = real.ops.get_file(namespace=namespace, slug="pdf", version="latest", path="SKILL.md")
    assert raw.startswith(b"---")
    assert list(real.items("listReleases", namespace=namespace, slug="pdf"))


def test_a_publish_by_operation_name_uploads_the_file(real, namespace, tmp_path):
    archive = tmp_path / "a.zip"
    archive.write_bytes(packed({"SKILL.md": b"---\nname: by-name\ndescription: X.\nversion: 1.0.0\n---\n"}))
    answer = real.ops.publish_release(namespace=namespace, slug="by-name", files={"archive": archive})
    assert answer["release"]["version"] == "1.0.0"


def test_documents_are_cached_by_their_etag(real, publish, namespace):
    publish("pdf")
    assert not real.request("GET", f"/skills/{namespace}/pdf").from_cache
    assert real.request("GET", f"/skills/{namespace}/pdf").from_cache
    publish("pdf", "2.0.0")
    assert real.skill(f"{namespace}/pdf")["latest_version"] == "2.0.0"


def test_install_verify_update_uninstall(real, diamond, publish, project, skills_dir):
    report = install(project, real, [f"{diamond}/report"])
    assert report.downloaded == 4
    assert sorted(path.name for path in skills_dir.iterdir()) == ["chart", "report", "table", "text"]
    assert (skills_dir / "text/scripts/run.py").stat().st_mode & 0o100
    assert verify(project).ok
    assert sorted(why(project, f"{diamond}/text"))[0][0] == f"{diamond}/report"
    assert outdated(project, real) == []
    publish("text", "1.1.0")
    assert [(item.name, item.wanted) for item in outdated(project, real)] == [(f"{diamond}/text", "1.1.0")]
    update(project, real)
    assert project.read_lock().skills[f"{diamond}/text"].version == "1.1.0"
    assert verify(project).ok
    uninstall(project, [f"{diamond}/report"])
    assert not skills_dir.exists()


def test_a_typing_error_is_answered_with_the_right_name(real, diamond, project):
    until_found(real, diamond, "report")
    with pytest.raises(ApiError) as refused:
        install(project, real, [f"{diamond}/reprot"])
    assert refused.value.code == "skill_not_found"
    assert f"{diamond}/report" in refused.value.facts["suggestions"]
    assert not project.manifest_path.exists()


def test_a_conflict_is_explained(real, diamond, publish, project):
    publish("text", "2.0.0")
    with pytest.raises(ApiError) as refused:
        install(project, real, [f"{diamond}/report", f"{diamond}/text@^2.0.0"])
    assert refused.value.code == "resolution_conflict"
    assert f"{diamond}/text" in refused.value.facts["explanation"]


def test_a_locked_install_outlives_a_yank(real, diamond, project, tmp_path):
    install(project, real, [f"{diamond}/text"])
    real.yank(f"{diamond}/text", "1.0.0", "broken")
    Store().clear()
    import shutil

    shutil.rmtree(project.base / ".claude/skills")
    assert ci(project, real).downloaded == 1
    install(project, real, [f"{diamond}/chart"])
    assert project.read_lock().skills[f"{diamond}/text"].version == "1.0.0"
    assert [item.yanked for item in outdated(project, real)] == ["broken"]


def test_channels_pre_releases_and_ranges(real, publish, namespace, project):
    publish("pdf")
    publish("pdf", "2.0.0-rc.1", channel="next")
    install(project, real, [f"{namespace}/pdf@next"])
    assert project.read_manifest().skills == {f"{namespace}/pdf": "next"}
    assert project.read_lock().skills[f"{namespace}/pdf"].version == "2.0.0-rc.1"
    publish("pdf", "2.0.0-rc.2", channel="next")
    publish("other")
    install(project, real, [f"{namespace}/other"])
    assert project.read_lock().skills[f"{namespace}/pdf"].version == "2.0.0-rc.1"
    update(project, real)
    assert project.read_lock().skills[f"{namespace}/pdf"].version == "2.0.0-rc.2"


def test_private_skills_are_installed_by_members_only(real, publish, namespace, project, tmp_path):
    publish("secret", visibility="private")
    with Client(real.base_url, "", project_registry=None) as stranger:
        stranger.transport.token = None
        with pytest.raises(ApiError) as refused:
            install(project, stranger, [f"{namespace}/secret"])
        assert refused.value.code == "skill_not_found"
    install(project, real, [f"{namespace}/secret"])
    assert verify(project).ok


def test_two_projects_install_at_once(server, diamond, tmp_path):
    from skillyard.sdk.project import find_project

    url, token = server
    projects = []
    for number in range(3):
        folder = tmp_path / f"p{number}"
        (folder / ".claude").mkdir(parents=True)
        projects.append(find_project(folder))
    failures = []

    def run(one):
        try:
            with Client(url, token) as own:
                install(one, own, [f"{diamond}/report"], options=Options(link_mode="copy"))
        except SdkError as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in projects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert all(verify(one).ok for one in projects)


def test_the_browser_sign_in_hands_the_token_to_the_client_that_began_it(server, real):
    url, _ = server

    def approve(shown):
        session_id = shown.verification_url.rpartition("/")[2]
        assert real.ops.get_cli_session(session_id=session_id)["user_code"] == shown.user_code
        real.ops.approve_cli_session(session_id=session_id)

    session = sign_in_with_browser(url, client_name="test", show=approve, open_browser=None, sleep=lambda s: None)
    assert session.username == "yara"
    with Client(url) as signed_in:
        assert signed_in.me()["user"]["username"] == "yara"
    assert sign_out(url) is True
    with Client(url) as signed_out:
        assert not signed_out.signed_in


def test_a_password_signs_in_and_a_wrong_one_does_not(server):
    url, _ = server
    assert sign_in_with_password(url, "yara", "correct horse battery staple").username == "yara"
    with pytest.raises(ApiError) as refused:
        sign_in_with_password(url, "yara", "wrong horse battery staple")
    assert refused.value.code == "sign_in_failed"


def test_search_finds_with_a_typing_error(real, publish, namespace):
    publish("spreadsheet-wizard")
    until_found(real, namespace, "spreadsheet-wizard")
    found = real.search("spredsheet wizzard", namespace=namespace)
    assert [item["name"] for item in found["items"]] == [f"{namespace}/spreadsheet-wizard"]
