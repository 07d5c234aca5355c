"""Archives over broken connections, and uploads from disk."""

import hashlib
import os

import pytest

from skillyard.sdk.downloads import Wanted, download
from skillyard.sdk.errors import ApiError, IntegrityError, NetworkError
from tests.sdk.stand_in import Answer, answer_json, on, refusal

DATA = os.urandom(700_000)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def wanted(registry):
    return Wanted(url=f"{registry.url}/file", sha256=SHA256, size_bytes=len(DATA), name="acme/pdf")


def ranged(seen):
    """A server that knows ranges."""
    if seen.path != "/file":
        return None
    asked = seen.headers.get("range")
    if asked is None:
        return Answer(200, DATA)
    start = int(asked.removeprefix("bytes=").rstrip("-"))
    return Answer(206, DATA[start:], {"Content-Range": f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"})


ranged.stays = True


def test_a_download_goes_on_after_each_loss(registry, client, wanted, tmp_path, naps):
    def cut(seen):
        answer = ranged(seen)
        answer.cut_after = 200_000
        return answer

    registry.faults = [cut, lambda seen: cut(seen), ranged]
    received = download(client.transport, wanted, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA
    assert [seen.headers.get("range") for seen in registry.seen] == [None, "bytes=200000-", "bytes=400000-"]
    assert received == len(DATA)
    assert len(naps) == 2


def test_a_server_without_ranges_begins_anew(registry, client, wanted, tmp_path):
    registry.faults = [on("GET", "/file", Answer(200, DATA, cut_after=200_000)), on("GET", "/file", Answer(200, DATA))]
    download(client.transport, wanted, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA


def test_what_is_there_already_is_checked_and_not_fetched(registry, client, wanted, tmp_path):
    (tmp_path / "part").write_bytes(DATA)
    assert download(client.transport, wanted, tmp_path / "part") == 0
    assert registry.seen == []


@pytest.mark.parametrize("left", [b"x" * 1000, b"x" * len(DATA), b"x" * (len(DATA) + 1)])
def test_a_part_of_something_else_is_fetched_anew(registry, client, wanted, tmp_path, left):
    registry.faults = [ranged]
    (tmp_path / "part").write_bytes(left)
    download(client.transport, wanted, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA


@pytest.mark.parametrize("sent", [b"y" * len(DATA), DATA[:-1], DATA + b"z"])
def test_other_bytes_than_promised_are_removed(registry, client, wanted, tmp_path, sent):
    registry.faults = [on("GET", "/file", Answer(200, sent), always=True)]
    with pytest.raises(IntegrityError) as refused:
        download(client.transport, wanted, tmp_path / "part")
    assert refused.value.code == "wrong_bytes"
    assert not (tmp_path / "part").exists() or (tmp_path / "part").stat().st_size == 0


def test_an_endless_body_is_cut_off(registry, client, wanted, tmp_path):
    registry.faults = [on("GET", "/file", Answer(200, DATA * 20), always=True)]
    with pytest.raises(IntegrityError):
        download(client.transport, wanted, tmp_path / "part")
    assert (tmp_path / "part").stat().st_size <= len(DATA)


def test_a_refusal_is_told_as_it_is(registry, client, wanted, tmp_path):
    registry.faults = [on("GET", "/file", refusal(404, "not_found"))]
    with pytest.raises(ApiError) as refused:
        download(client.transport, wanted, tmp_path / "part")
    assert refused.value.code == "not_found"


def test_a_server_that_stays_down_ends_it_and_keeps_the_part(registry, client, wanted, tmp_path):
    registry.faults = [on("GET", "/file", Answer(200, DATA, cut_after=300_000))]
    registry.faults += [on("GET", "/file", refusal(503, "unavailable"), always=True)]
    with pytest.raises(NetworkError) as refused:
        download(client.transport, wanted, tmp_path / "part")
    assert refused.value.exit_code == 3
    assert (tmp_path / "part").stat().st_size == 300_000


def test_a_range_that_is_refused_or_answered_wrongly_begins_anew(registry, client, wanted, tmp_path):
    (tmp_path / "part").write_bytes(DATA[:1000])
    wrong = Answer(206, DATA[500:], {"Content-Range": f"bytes 500-{len(DATA) - 1}/{len(DATA)}"})
    registry.faults = [on("GET", "/file", refusal(416, "bad_range")), on("GET", "/file", wrong), ranged]
    download(client.transport, wanted, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA


def test_a_release_is_downloaded_to_a_file_and_checked(registry, client, tmp_path):
    release = registry.add("acme/pdf")
    digests = client.download("acme/pdf", "1.0.0", tmp_path / "pdf.zip")
    assert (tmp_path / "pdf.zip").read_bytes() == release.archive
    assert digests.sha256 == hashlib.sha256(release.archive).hexdigest()
    assert [path.name for path in tmp_path.glob(".pdf*")] == []


def test_publish_streams_the_archive_and_names_its_hash(registry, client, tmp_path):
    archive = tmp_path / "pdf.zip"
    archive.write_bytes(DATA)
    registry.faults = [
        on("POST", "/api/v1/skills/acme/pdf/releases", refusal(503, "unavailable")),
        on("POST", "/api/v1/skills/acme/pdf/releases", answer_json({"release": {}, "warnings": []}, 201)),
    ]
    client.publish("acme/pdf", archive, channel="next", dry_run=True)
    first, second = registry.seen
    assert first.body == second.body
    assert DATA in second.body
    assert b'name="channel"\r\n\r\nnext' in second.body
    assert second.headers["x-skillyard-sha256"] == SHA256
    assert second.query == {"dry_run": ["true"]}


def test_a_two_phase_publish_uploads_to_the_signed_address_without_the_token(registry, client, tmp_path):
    from tests.sdk.stand_in import StandIn

    storage = StandIn()
    storage.faults = [on("PUT", "/bucket/key", answer_json({}))]
    archive = tmp_path / "pdf.zip"
    archive.write_bytes(DATA)
    ticket = {"upload_id": "up_1", "upload_url": f"{storage.url}/bucket/key?signature=s", "expires_at": "x"}
    registry.faults = [
        on("POST", "/api/v1/skills/acme/pdf/uploads", answer_json(ticket, 201)),
        on("POST", "/api/v1/uploads/up_1/confirm", answer_json({"release": {"name": "acme/pdf"}}, 201)),
    ]
    assert client.publish_two_phase("acme/pdf", archive, channel="next")["release"]["name"] == "acme/pdf"
    assert storage.seen[0].body == DATA
    assert "authorization" not in storage.seen[0].headers
    storage.close()


def test_a_two_phase_publish_that_fails_is_abandoned(registry, client, tmp_path):
    archive = tmp_path / "pdf.zip"
    archive.write_bytes(DATA)
    ticket = {"upload_id": "up_1", "upload_url": f"{registry.url}/gone", "expires_at": "x"}
    registry.faults = [on("POST", "/api/v1/skills/acme/pdf/uploads", answer_json(ticket, 201))]
    with pytest.raises(ApiError):
        client.publish_two_phase("acme/pdf", archive)
    assert (registry.seen[-1].method, registry.seen[-1].path) == ("DELETE", "/api/v1/uploads/up_1")


def test_one_failure_stops_the_other_downloads_and_keeps_what_they_have(registry, client, project):
    from skillyard.sdk.errors import SdkError
    from skillyard.sdk.install import install
    from skillyard.sdk.store import Store

    slow = registry.add("acme/slow", files={"big.bin": os.urandom(3_000_000)})
    bad = registry.add("acme/bad", needs={"acme/slow": "*"})
    address = f"/api/v1/blobs/{hashlib.sha256(slow.archive).hexdigest()}"
    registry.faults = [
        on("GET", address, Answer(200, slow.archive, pause_s=0.05), always=True),
        on("GET", f"/api/v1/blobs/{hashlib.sha256(bad.archive).hexdigest()}", Answer(200, b"evil"), always=True),
    ]
    with pytest.raises(SdkError) as refused:
        install(project, client, ["acme/bad"])
    assert refused.value.code == "wrong_bytes"
    (part,) = [path for path in Store().downloads.glob("*.part") if path.stat().st_size]
    assert 0 < part.stat().st_size < len(slow.archive)
