"""What Tank's registry and command line were seen to get wrong, one after the other: each is a promise here."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import NoReturn

import pytest

from skillyard.app import App
from skillyard.domain.accounts.cli_sessions import approve_cli_session
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.domain.registry.download import flush
from skillyard.domain.registry.jobs import count_downloads, sweep_blobs
from skillyard.domain.registry.recall import recall
from skillyard.domain.registry.scans import get_scan
from skillyard.domain.registry.trust import AdvisorySeverity
from skillyard.domain.registry.yank import yank
from skillyard.infra.clock import FixedClock
from skillyard.skill.files import skill_files
from skillyard.skill.names import SkillName
from skillyard.skill.scan.engine import scan
from tests.api.tank.cli import TankCli, one_segment, pack, tar_gz
from tests.makers import FAILING, FLAGGED, a_person, an_organization, indexed, make_app, secret_of

HELLO = f"/skills/{one_segment('@acme/hello')}"
NAME = SkillName("acme", "hello")


@pytest.fixture
def ada(app: App) -> Caller:
    return an_organization(app, a_person(app, "ada"), "acme")


@pytest.fixture
def cli(app: App, ada: Caller) -> TankCli:
    return TankCli(app, create_token(app, ada, name="cli", scopes=[Scope.READ, Scope.PUBLISH]).secret)


def versions(cli: TankCli) -> list[str]:
    return [one["version"] for one in cli.get(f"{HELLO}/versions").json()["versions"]]


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
def test_a_download_link_cannot_upload(each_cli: TankCli, method: str) -> None:
    skill = pack()
    each_cli.publish(skill)
    url = each_cli.get(f"{HELLO}/1.0.0").json()["downloadUrl"]
    assert each_cli.follow(method, url, b"other bytes").status == 405
    assert each_cli.follow("GET", url).body == skill.tarball


def test_the_signature_of_a_download_opens_no_upload(cli: TankCli) -> None:
    cli.publish(pack())
    download = cli.get(f"{HELLO}/1.0.0").json()["downloadUrl"]
    upload = cli.start(pack(version="1.0.1")).json()["uploadUrl"]
    for address, other in ((upload, download), (download, upload)):
        method = "PUT" if address is upload else "GET"
        query = other.partition("?")[2]
        assert cli.follow(method, f"{address.partition('?')[0]}?{query}", pack().tarball).status == 403


def test_an_upload_link_is_good_for_one_version_and_one_hour(cli: TankCli, clock: FixedClock) -> None:
    one, other = (cli.start(pack(version=version)).json() for version in ("1.0.0", "2.0.0"))
    mixed = f"{one['uploadUrl'].partition('?')[0]}?{other['uploadUrl'].partition('?')[2]}"
    assert cli.follow("PUT", mixed, pack().tarball).status == 403
    clock.move(seconds=3599)
    assert cli.follow("PUT", one["uploadUrl"], pack().tarball).status == 200
    clock.move(seconds=1)
    assert cli.follow("PUT", one["uploadUrl"], pack().tarball).status == 403
    assert cli.confirm(pack(), one["versionId"]).status == 404


def test_nothing_is_read_from_whoever_has_no_upload_link(cli: TankCli) -> None:
    """A body that would be too large is not even begun."""
    started = cli.start(pack()).json()
    forged = started["uploadUrl"][:-4] + "0000"
    assert cli.follow("PUT", forged, bytes(cli.app.archive_limits.max_archive_bytes + 1)).status == 403


def test_a_download_link_is_good_for_one_hour(cli: TankCli, clock: FixedClock) -> None:
    cli.publish(pack())
    url = cli.get(f"{HELLO}/1.0.0").json()["downloadUrl"]
    clock.move(seconds=3599)
    assert cli.follow("GET", url).status == 200
    clock.move(seconds=1)
    assert cli.follow("GET", url).status == 403
    fresh = cli.get(f"{HELLO}/1.0.0").json()["downloadUrl"]
    assert cli.follow("GET", fresh).status == 200


def test_after_the_confirmation_nothing_can_be_put_in_place(cli: TankCli) -> None:
    skill = pack()
    started = cli.start(skill).json()
    cli.follow("PUT", started["uploadUrl"], skill.tarball)
    assert cli.confirm(skill, started["versionId"]).status == 200
    assert cli.follow("PUT", started["uploadUrl"], pack(body="Other.").tarball).status == 404
    assert cli.install("@acme/hello", "1.0.0").body == skill.tarball


def test_what_is_confirmed_must_be_what_arrived(each_cli: TankCli) -> None:
    skill = pack()
    started = each_cli.start(skill).json()
    assert each_cli.confirm(skill, started["versionId"]).status == 400  # nothing has arrived
    each_cli.follow("PUT", started["uploadUrl"], skill.tarball)
    wrong = [
        {"integrity": pack(body="Other.").integrity},
        {"integrity": "sha512-"},
        {"integrity": skill.integrity.replace("sha512-", "sha256-")},
        {"fileCount": 1},
        {"fileCount": 3},
        {"tarballSize": skill.unpacked_bytes + 1},
        {"tarballSize": len(skill.tarball) - 1},
        {"tarballSize": 0},
    ]
    for claim in wrong:
        answer = each_cli.confirm(skill, started["versionId"], **claim)
        assert answer.status == 400, claim
        assert next(iter(claim)) in answer.json()["error"]
    everything = each_cli.confirm(skill, started["versionId"], integrity="x", fileCount=9, tarballSize=9).json()
    assert len(everything["details"]) == 3
    assert each_cli.get(HELLO).status == 404
    assert each_cli.confirm(skill, started["versionId"]).status == 200


def test_text_and_files_are_those_of_the_archive(cli: TankCli) -> None:
    skill = pack()
    started = cli.post("/skills", {"manifest": skill.manifest, "readme": "Not so.", "files": ["evil.sh"]}).json()
    cli.follow("PUT", started["uploadUrl"], skill.tarball)
    cli.confirm(skill, started["versionId"], readme="Not so either.")
    assert cli.get(f"{HELLO}/1.0.0/files").json()["files"] == ["SKILL.md", "tank.json"]
    native = TankCli(cli.app, base="/api/v1")
    assert "Say hello" in native.get("/skills/acme/hello").json()["readme"]


def test_the_archive_must_be_the_skill_that_was_announced(cli: TankCli) -> None:
    announced = pack(version="1.0.0")
    for other in (pack(version="2.0.0"), pack("@acme/other"), pack("@evil/hello")):
        started = cli.start(announced).json()
        cli.follow("PUT", started["uploadUrl"], other.tarball)
        answer = cli.confirm(other, started["versionId"])
        assert answer.status == 400
    assert cli.get(HELLO).status == 404


def test_a_failed_upload_does_not_block_its_version(each_cli: TankCli) -> None:
    each_cli.start(pack())
    broken = each_cli.start(pack()).json()
    each_cli.follow("PUT", broken["uploadUrl"], b"no archive")
    assert each_cli.confirm(pack(), broken["versionId"], integrity="sha512-x").status == 400
    assert each_cli.publish(pack()).status == 200
    assert versions(each_cli) == ["1.0.0"]


def test_a_refused_upload_can_be_put_right_in_place(cli: TankCli) -> None:
    skill = pack()
    started = cli.start(skill).json()
    bad = tar_gz({"README.md": "no skill"})
    for tarball in (b"", b"no archive", bad):
        cli.follow("PUT", started["uploadUrl"], tarball)
        assert cli.confirm(skill, started["versionId"]).status == 400
    cli.follow("PUT", started["uploadUrl"], skill.tarball)
    assert cli.confirm(skill, started["versionId"]).status == 200


def test_a_second_confirmation_is_refused(each_cli: TankCli) -> None:
    skill = pack()
    started = each_cli.start(skill).json()
    each_cli.follow("PUT", started["uploadUrl"], skill.tarball)
    assert each_cli.confirm(skill, started["versionId"]).status == 200
    second = each_cli.confirm(skill, started["versionId"])
    assert second.status == 400
    assert "confirmed already" in second.json()["error"]


def test_an_unfinished_publish_is_nowhere_to_be_seen(each_cli: TankCli) -> None:
    each_cli.publish(pack())
    before = each_cli.get(HELLO).json()
    newer = pack(version="2.0.0", description="Something else.", visibility="private")
    started = each_cli.start(newer).json()
    each_cli.follow("PUT", started["uploadUrl"], newer.tarball)
    assert each_cli.get(HELLO).json() == before
    assert each_cli.as_(None).get(HELLO).json() == before
    assert versions(each_cli) == ["1.0.0"]
    assert each_cli.get(f"{HELLO}/2.0.0").status == 404


def test_an_abandoned_upload_vanishes(tmp_path: Path, clock: FixedClock) -> None:
    app = make_app(tmp_path, clock=clock, blob_grace_hours=1)
    cli = TankCli(app, secret_of(an_organization(app, a_person(app), "acme")))
    started = cli.start(pack()).json()
    cli.follow("PUT", started["uploadUrl"], pack().tarball)
    assert len(list(app.blobs.list())) == 1
    clock.move(seconds=10 * 365 * 24 * 3600)  # the store dates its files by the machine's own clock
    sweep_blobs(app)
    assert list(app.blobs.list()) == []
    app.close()


def test_a_failed_version_is_published_and_not_handed_out(each_cli: TankCli) -> None:
    each_cli.publish(pack())
    assert each_cli.publish(pack(version="1.1.0", files=FAILING)).json()["scanVerdict"] == "fail"
    assert versions(each_cli) == ["1.0.0"]
    assert each_cli.get(HELLO).json()["latestVersion"] == "1.0.0"
    refused = each_cli.install("@acme/hello", "1.1.0")
    assert refused.status == 403
    assert "1.1.0 is quarantined" in refused.json()["error"]


def test_a_flagged_version_is_handed_out_only_with_consent(cli: TankCli) -> None:
    skill = pack(files=FLAGGED)
    assert cli.publish(skill).json()["scanVerdict"] == "flagged"
    refused = cli.install("@acme/hello", "1.0.0")
    assert refused.status == 403
    assert "1.0.0 is flagged" in refused.json()["error"]
    url = cli.get(f"{HELLO}/1.0.0").json()["downloadUrl"]
    assert cli.follow("GET", f"{url}&accept=flagged").body == skill.tarball


def test_nothing_is_published_unscanned(each_cli: TankCli) -> None:
    assert each_cli.publish(pack()).json()["scanVerdict"] == "pass"
    report = get_scan(each_cli.app, ANONYMOUS, name=NAME, version="1.0.0").report
    assert (report["verdict"], report["score"]) == ("pass", 10.0)


def test_a_token_is_good_for_more_than_a_thousand_requests(tmp_path: Path) -> None:
    app = make_app(tmp_path, reads_per_minute=10_000)
    cli = TankCli(app, secret_of(an_organization(app, a_person(app), "acme")))
    cli.publish(pack())
    assert {cli.get(HELLO).status for _ in range(1100)} == {200}
    app.close()


def test_a_login_may_read_and_publish_and_nothing_else(app: App, ada: Caller) -> None:
    cli = TankCli(app)
    token = _login(cli, ada)
    assert cli.as_(token).publish(pack()).status == 200
    native = TankCli(app, token, base="/api/v1")
    assert native.post("/me/tokens", {"name": "more", "scopes": ["read"]}).status == 403
    assert native.post("/namespaces", {"slug": "mine"}).status == 403
    assert native.get("/me").json()["token"]["scopes"] == ["publish", "read"]


def test_logging_out_revokes_the_token(app: App, ada: Caller) -> None:
    cli = TankCli(app)
    signed_in = cli.as_(_login(cli, ada))
    assert signed_in.get("/auth/whoami").status == 200
    assert signed_in.post("/auth/logout", {}).json() == {"success": True}
    assert signed_in.get("/auth/whoami").status == 401


def test_a_token_that_may_only_read_publishes_nothing(app: App, ada: Caller) -> None:
    token = create_token(app, ada, name="reader", scopes=[Scope.READ]).secret
    answer = TankCli(app, token).start(pack())
    assert answer.status == 403
    assert "publish" in answer.json()["error"]


def test_a_local_scan_works_and_has_a_score(each_cli: TankCli) -> None:
    for cli in (each_cli, each_cli.as_(None)):
        report = cli.scan(pack(files=FLAGGED)).json()
        assert report["verdict"] == "flagged"
        assert 0 < report["audit_score"] <= 5
        assert {finding["severity"] for finding in report["findings"]} <= {"critical", "high", "medium", "low"}
        assert set(report["file_hashes"]) == {"SKILL.md", "tank.json", "requirements.txt"}
        assert "failed" in {stage["status"] for stage in report["stage_results"]}
    assert each_cli.get(HELLO).status == 404


def test_a_scan_of_what_is_no_skill_says_so(cli: TankCli) -> None:
    broken = pack()
    answer = cli.scan(type(broken)(broken.manifest, broken.texts, b"no archive"))
    assert answer.status == 400
    assert "no archive" in answer.json()["error"]


@pytest.mark.parametrize("url", ["http://127.0.0.1/a.tgz", "https://127.0.0.1/a.tgz", "https://localhost/", "file:///"])
def test_a_scan_fetches_from_public_addresses_only(cli: TankCli, url: str) -> None:
    answer = cli.post("/scan", {"url": url})
    assert answer.status == 400
    assert isinstance(answer.json()["error"], str)


def test_what_is_withdrawn_is_no_longer_offered(app: App, ada: Caller, cli: TankCli) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        cli.publish(pack(version=version, body=f"# {version}"))
    yank(app, ada, name=NAME, version="1.1.0", reason="broken")
    recall(app, ada, name=NAME, versions="1.2.0", severity=AdvisorySeverity.HIGH, reason="It was taken over.")
    assert versions(cli) == ["1.0.0"]
    assert cli.get(HELLO).json()["latestVersion"] == "1.0.0"
    assert cli.install("@acme/hello", "1.1.0").status == 200  # who has locked it goes on
    refused = cli.install("@acme/hello", "1.2.0")
    assert (refused.status, "1.2.0" in refused.json()["error"]) == (403, True)


def test_a_link_that_was_handed_out_before_a_recall_opens_nothing_after_it(app: App, ada: Caller, cli: TankCli) -> None:
    cli.publish(pack())
    url = cli.get(f"{HELLO}/1.0.0").json()["downloadUrl"]
    recall(app, ada, name=NAME, versions="*", severity=AdvisorySeverity.CRITICAL, reason="It was taken over.")
    assert cli.follow("GET", url).status == 403


def test_reading_details_counts_no_download(app: App, cli: TankCli) -> None:
    cli.publish(pack())
    for _ in range(50):
        cli.get(f"{HELLO}/1.0.0")
        cli.as_(None).get(f"{HELLO}/1.0.0")
    assert flush(app) == 0


def test_a_loop_of_downloads_counts_once(app: App, cli: TankCli) -> None:
    cli.publish(pack())
    url = cli.get(f"{HELLO}/1.0.0").json()["downloadUrl"]
    for address in ("192.0.2.1", "192.0.2.2"):
        for _ in range(20):
            assert cli.follow("GET", url, client=address).status == 200
    flush(app)
    count_downloads(app)
    assert cli.get(f"{HELLO}/1.0.0").json()["downloads"] == 2
    assert cli.as_(None).get(f"{HELLO}/1.0.0").json()["downloads"] == 2


def test_a_scan_needs_no_other_service_and_sends_nothing(cli: TankCli, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("something was sent")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert cli.publish(pack(files=FLAGGED)).json()["scanVerdict"] == "flagged"
    assert cli.scan(pack()).json()["verdict"] == "pass"
    files = skill_files({path: text.encode() for path, text in pack(files=FLAGGED).texts.items()})
    assert scan(files).verdict.value == "flagged"  # in this very process


def test_every_registry_signs_with_a_key_of_its_own(tmp_path: Path) -> None:
    signatures = set()
    for folder in ("one", "other"):
        app = make_app(tmp_path / folder)
        signatures.add(app.signer.sign("download", "rel_x", 1))
        app.close()
    assert len(signatures) == 2


@pytest.mark.parametrize("signature", ["", "0" * 64, "é", "x" * 200])
def test_a_made_up_signature_opens_nothing(cli: TankCli, signature: str) -> None:
    cli.publish(pack())
    url = cli.get(f"{HELLO}/1.0.0").json()["downloadUrl"].rpartition("=")[0]
    assert cli.follow("GET", f"{url}={signature}").status == 403


@pytest.mark.parametrize("path", ["..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "/etc/passwd"])
def test_no_path_leads_out_of_an_archive(cli: TankCli, path: str) -> None:
    cli.publish(pack())
    assert cli.get(f"{HELLO}/1.0.0/files/{path}").status == 404


def test_a_forged_forwarding_header_lifts_no_limit(tmp_path: Path) -> None:
    app = make_app(tmp_path, reads_per_minute=5, writes_per_minute=1000)
    cli = TankCli(app, secret_of(an_organization(app, a_person(app), "acme")))
    cli.publish(pack())
    url = f"{app.settings.address}/tank/api/v1{HELLO}"
    answers = [cli.follow("GET", url, **{"x-forwarded-for": f"203.0.113.{number}"}) for number in range(8)]
    assert [answer.status for answer in answers] == [200] * 5 + [429] * 3
    assert isinstance(answers[-1].json()["error"], str)
    assert int(answers[-1].headers["retry-after"]) >= 1
    app.close()


def test_scans_are_limited_by_the_hour(tmp_path: Path) -> None:
    app = make_app(tmp_path, scans_per_hour=2)
    cli = TankCli(app)
    answers = [cli.scan(pack()) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[0].headers["x-ratelimit-remaining"] == "1"
    assert int(answers[2].headers["retry-after"]) > 60
    app.close()


def test_escalation_is_said_in_the_error_text(each_cli: TankCli) -> None:
    each_cli.publish(pack(version="1.1.0"))
    wider = pack(version="1.2.0", permissions={"subprocess": True, "network": {"outbound": ["evil.example"]}})
    refused = each_cli.start(wider)
    assert refused.status == 400
    assert "Permission escalation detected" in refused.json()["error"]
    for part in ("evil.example", "start other programs", "2.0.0"):
        assert part in refused.json()["error"]
    assert [set(entry) for entry in refused.json()["details"]] == [{"field", "reason"}] * 2
    major = pack(version="2.0.0", permissions=wider.manifest["permissions"])
    assert each_cli.publish(major).status == 200


def test_escalation_is_measured_against_the_highest_lower_version(each_cli: TankCli) -> None:
    """Not against the one that was created last: 2.0.0 with wide permissions is no licence for 1.0.1."""
    wide = {"subprocess": True}
    each_cli.publish(pack(version="1.0.0"))
    assert each_cli.publish(pack(version="2.0.0", permissions=wide)).status == 200
    assert each_cli.start(pack(version="1.0.1", permissions=wide)).status == 400
    assert each_cli.publish(pack(version="2.0.1", permissions=wide)).status == 200


def test_escalation_cannot_be_hidden_from_the_announcement(cli: TankCli) -> None:
    """What counts is what the archive says."""
    cli.publish(pack(version="1.0.0"))
    wide = pack(version="1.0.1", permissions={"subprocess": True})
    started = cli.start(pack(version="1.0.1")).json()
    cli.follow("PUT", started["uploadUrl"], wide.tarball)
    refused = cli.confirm(wide, started["versionId"])
    assert refused.status == 400
    assert "Permission escalation detected" in refused.json()["error"]
    assert versions(cli) == ["1.0.0"]


def test_a_token_that_is_no_good_is_refused_on_reads_too(
    app: App, ada: Caller, cli: TankCli, clock: FixedClock
) -> None:
    cli.publish(pack(visibility="private"))
    cli.publish(pack("@acme/open"))
    indexed(app)
    short = cli.as_(create_token(app, ada, name="short", scopes=[Scope.READ], expires_in_days=1).secret)
    assert short.get(HELLO).status == 200
    clock.move(seconds=24 * 3600)
    for path in (HELLO, f"{HELLO}/versions", f"{HELLO}/1.0.0", f"/skills/{one_segment('@acme/open')}", "/search?q=x"):
        answer = short.get(path)
        assert answer.status == 401
        assert "expired" in answer.json()["error"]


def _login(cli: TankCli, who: Caller) -> str:
    started = cli.post("/cli-auth/start", {"state": "a state of ours"}, signed=False).json()
    approve_cli_session(cli.app, who, session_id=started["authUrl"].rpartition("/")[2])
    body = {"sessionCode": started["sessionCode"], "state": "a state of ours"}
    token: str = cli.post("/cli-auth/exchange", body, signed=False).json()["token"]
    return token
