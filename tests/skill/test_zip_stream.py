"""A zip that is written while it is sent: read back by the standard library and by `unzip -t`'s equal."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Iterator

import pytest

from skillyard.skill.faults import SkillError
from skillyard.skill.zip_stream import ZipEntry, zip_stream

_MIB = 1024 * 1024


def test_what_goes_in_comes_out_with_its_modes() -> None:
    entries = [
        ZipEntry(path="pdf/SKILL.md", data=b"# How\n"),
        ZipEntry(path="pdf/scripts/run.sh", data=b"echo\n", executable=True),
        ZipEntry(path="pdf/größe.txt", data="ä".encode()),
        ZipEntry(path="pdf/empty", data=b""),
    ]
    data = b"".join(zip_stream(entries))
    assert data == b"".join(zip_stream(entries))
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        assert {info.filename: opened.read(info) for info in opened.infolist()} == {e.path: e.data for e in entries}
        assert [info.external_attr >> 16 & 0o777 for info in opened.infolist()] == [0o644, 0o755, 0o644, 0o644]


def test_nothing_is_a_zip_too() -> None:
    assert zipfile.ZipFile(io.BytesIO(b"".join(zip_stream([])))).namelist() == []


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "a/../../x", "C:/x", "a\\b", "a//b", "", "a/.git/config", "a\0"]
)
def test_a_path_that_escapes_is_refused(path: str) -> None:
    with pytest.raises(SkillError):
        list(zip_stream([ZipEntry(path=path, data=b"")]))


def test_memory_stays_that_of_one_entry_however_many_there_are() -> None:
    noise = bytes(range(256)) * (_MIB // 256)

    def entries() -> Iterator[ZipEntry]:
        for number in range(60):
            yield ZipEntry(path=f"s{number}/data.bin", data=noise)

    tracemalloc.start()
    sent = sum(len(piece) for piece in zip_stream(entries()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sent > 0
    assert peak < 8 * _MIB
