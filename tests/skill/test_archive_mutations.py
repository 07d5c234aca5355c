"""Damaged archives: refused with SkillError, or exactly what they were before."""

import io
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillyard.skill.archive import open_safely, pack, skill_files
from skillyard.skill.faults import SkillError
from tests.skill.crafted import Zipped, gz, pax, tarred, zip_of

CONTENT = {
    "SKILL.md": b"# pdf\n",
    "scripts/run.py": b"print('x')\n" * 40,
    "empty": b"",
    "\u00e9/a.bin": bytes(range(256)),
}


def by_zipfile() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in CONTENT.items():
            archive.writestr(path, data)
    return stream.getvalue()


def by_tarfile() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for path, data in CONTENT.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


TAR = b"".join(
    [pax(("path", "SKILL.md")), tarred("x", CONTENT["SKILL.md"])]
    + [tarred(path, data) for path, data in CONTENT.items() if path != "SKILL.md"]
    + [bytes(1024)]
)
ARCHIVES = {
    "packed zip": pack(skill_files(CONTENT)),
    "packed tar.gz": pack(skill_files(CONTENT), format="tar.gz"),
    "deflated zip": by_zipfile(),
    "deflated tar.gz": by_tarfile(),
    "streamed zip": zip_of(*(Zipped(name=path, data=data, flags=8) for path, data in CONTENT.items()), skill=False),
}
DIGEST = skill_files(CONTENT).digest

archives = st.sampled_from(sorted(ARCHIVES))
places = st.integers(0, 1 << 20)
flips = st.lists(st.tuples(places, st.integers(1, 255)), min_size=1, max_size=4)


def digest_of(data: bytes) -> str | None:
    try:
        return open_safely(data).digest
    except SkillError:
        return None


@pytest.mark.parametrize("made", ARCHIVES)
def test_the_archives_to_be_damaged_are_whole(made):
    assert digest_of(ARCHIVES[made]) == DIGEST


@given(archives, flips)
@settings(max_examples=600)
def test_flipped_bits_never_give_other_files(made, flips):
    data = bytearray(ARCHIVES[made])
    for at, bits in flips:
        data[at % len(data)] ^= bits
    assert digest_of(bytes(data)) in (None, DIGEST)


@given(archives, places)
@settings(max_examples=200)
def test_a_truncated_archive_is_refused(made, at):
    data = ARCHIVES[made]
    assert digest_of(data[: at % len(data)]) is None


@given(archives, st.binary(min_size=1, max_size=600))
@settings(max_examples=200)
def test_appended_bytes_are_refused(made, more):
    assert digest_of(ARCHIVES[made] + more) is None


@given(archives, places, st.binary(min_size=1, max_size=40))
@settings(max_examples=200)
def test_inserted_bytes_never_give_other_files(made, at, more):
    data = ARCHIVES[made]
    at %= len(data)
    assert digest_of(data[:at] + more + data[at:]) in (None, DIGEST)


@given(
    st.sampled_from(sorted(ARCHIVES)),
    st.sampled_from(sorted(ARCHIVES)),
    st.integers(0, 1 << 20),
    st.integers(0, 1 << 20),
)
@settings(max_examples=200)
def test_spliced_archives_never_give_other_files(first, second, to, since):
    a, b = ARCHIVES[first], ARCHIVES[second]
    assert digest_of(a[: to % len(a)] + b[since % len(b) :]) in (None, DIGEST)


@given(st.integers(0, len(TAR) - 1), st.integers(1, 255))
@settings(max_examples=300)
def test_a_tar_behind_a_right_checksum_fails_with_faults_only(at, bits):
    data = bytearray(TAR)
    data[at] ^= bits
    digest_of(gz(bytes(data)))


@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08\x00"]))
@settings(max_examples=300)
def test_noise_fails_with_faults_only(data, magic):
    assert digest_of(magic + data) is None


@given(
    st.lists(
        st.builds(
            Zipped,
            name=st.binary(max_size=12) | st.sampled_from(["SKILL.md", "a/SKILL.md", "a/", "a"]),
            data=st.binary(max_size=20),
            method=st.sampled_from([0, 8, 9]),
            flags=st.sampled_from([0, 1, 8, 0x800]),
            mode=st.integers(0, 0xFFFF),
            attributes=st.integers(0, 0xFFFF),
            extra=st.binary(max_size=12),
            offset=st.none() | st.integers(0, 200),
            size=st.none() | st.integers(0, 50),
        ),
        max_size=4,
    )
)
@settings(max_examples=300)
def test_any_zip_opens_or_fails_with_faults(entries):
    digest_of(zip_of(*entries))


@given(
    st.lists(
        st.builds(
            tarred,
            name=st.binary(max_size=12) | st.sampled_from(["SKILL.md", "a/SKILL.md", "a/", "a"]),
            data=st.binary(max_size=20) | st.sampled_from([b"10 path=a\n", b"16 size=1234567\n"]),
            kind=st.sampled_from([b"0", b"0", b"5", b"x", b"g", b"L", b"2", b"\0", b"Z"]),
            mode=st.integers(0, 0o7777),
            size=st.none() | st.integers(0, 50) | st.binary(max_size=12),
            prefix=st.just(b"") | st.binary(max_size=5),
        ),
        max_size=4,
    )
)
@settings(max_examples=300)
def test_any_tar_opens_or_fails_with_faults(members):
    digest_of(gz(b"".join(members) + bytes(1024)))
