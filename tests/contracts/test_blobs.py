"""What every blob store must do, on plain files and on S3."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skillyard.infra.blobs import BlobMismatch, BlobMissing, BlobStore, open_blobs

CONTENT = os.urandom(2_500_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ABSENT = hashlib.sha256(b"absent").hexdigest()


@pytest.fixture(params=["file", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"file://{tmp_path}/blobs" if request.param == "file" else request.getfixturevalue("s3_url")


@pytest.fixture
def store(url: str) -> BlobStore:
    return open_blobs(url)


def put(store: BlobStore, content: bytes = CONTENT, sha256: str | None = None) -> bool:
    return store.put(sha256 or hashlib.sha256(content).hexdigest(), io.BytesIO(content), len(content))


def test_what_was_put_can_be_read(store: BlobStore) -> None:
    assert put(store) is True
    assert store.read(SHA256) == CONTENT
    assert store.size(SHA256) == len(CONTENT)
    with store.open(SHA256) as file:
        file.seek(1_000_000)
        assert file.read(10) == CONTENT[1_000_000:1_000_010]


def test_putting_the_same_again_changes_nothing(store: BlobStore) -> None:
    assert [put(store), put(store)] == [True, False]
    assert len(list(store.list())) == 1


def test_two_writers_of_the_same_blob_both_succeed(store: BlobStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        new = list(threads.map(lambda _: put(store), range(8)))
    assert new.count(True) >= 1
    assert store.read(SHA256) == CONTENT
    assert len(list(store.list())) == 1


@pytest.mark.parametrize("wrong", [CONTENT[:-1], CONTENT + b"x", CONTENT[:-1] + b"x", b""])
def test_other_bytes_than_announced_are_refused_and_leave_nothing(store: BlobStore, wrong: bytes) -> None:
    with pytest.raises(BlobMismatch):
        store.put(SHA256, io.BytesIO(wrong), len(CONTENT))
    assert store.size(SHA256) is None
    assert list(store.list()) == []


@pytest.mark.parametrize("wrong", [CONTENT[:-1], CONTENT + b"x", b""])
def test_other_bytes_are_refused_also_when_the_announced_ones_are_there(store: BlobStore, wrong: bytes) -> None:
    put(store)
    with pytest.raises(BlobMismatch):
        store.put(SHA256, io.BytesIO(wrong), len(CONTENT))
    assert store.read(SHA256) == CONTENT


def test_what_is_not_there_is_said_so(store: BlobStore) -> None:
    assert store.size(ABSENT) is None
    store.remove(ABSENT)
    for name in (ABSENT, "../../etc/passwd", "A" * 64, ""):
        with pytest.raises(BlobMissing):
            store.open(name)


def test_removed_is_gone_and_may_come_back(store: BlobStore) -> None:
    put(store)
    store.remove(SHA256)
    assert store.size(SHA256) is None
    assert put(store) is True
    assert store.read(SHA256) == CONTENT


def test_the_list_says_name_size_and_age(store: BlobStore) -> None:
    for number in range(5):
        put(store, bytes([number]) * (number + 1))
    found = {blob.size_bytes: blob for blob in store.list()}
    assert sorted(found) == [1, 2, 3, 4, 5]
    assert found[2].sha256 == hashlib.sha256(b"\x01\x01").hexdigest()
    assert abs(found[2].modified_ms - time.time() * 1000) < 60_000


KILLED_HALFWAY = """
import io, os, signal, sys
from skillyard.infra.blobs import open_blobs
class Dying(io.RawIOBase):
    sent = 0
    def read(self, size=-1):
        if self.sent > 1_500_000:
            os.kill(os.getpid(), signal.SIGKILL)
        self.sent += 500_000
        return bytes(500_000)
open_blobs(sys.argv[1]).put(sys.argv[2], Dying(), 2_500_000)
"""


def test_a_writer_killed_halfway_leaves_no_half_blob_and_the_next_one_succeeds(url: str, store: BlobStore) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED_HALFWAY, url, SHA256], check=False)
    assert killed.returncode == -9
    assert store.size(SHA256) is None
    assert list(store.list()) == []
    assert put(store) is True
    assert store.read(SHA256) == CONTENT


def test_half_written_files_of_a_dead_writer_are_swept(tmp_path: Path) -> None:
    store = open_blobs(f"file://{tmp_path}/blobs")
    put(store)
    partial = tmp_path / "blobs" / SHA256[:2] / ".partial-dead"
    partial.write_bytes(b"half")
    now_ms = int(time.time() * 1000)
    assert store.sweep(now_ms) == 0
    assert len(list(store.list())) == 1
    assert store.sweep(now_ms + 2 * 24 * 3600 * 1000) == 1
    assert not partial.exists()
    assert store.read(SHA256) == CONTENT


@pytest.mark.parametrize("url", ["ftp://x/y", "s3:///nobucket", "s3://bucket?secret=1", "relative"])
def test_an_address_that_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="SKILLYARD_BLOBS_URL"):
        open_blobs(url)
