"""What holds for zip and tar.gz alike: paths, collisions, limits, and where SKILL.md is."""

import io
import subprocess
import sys
import tarfile
import time
import tracemalloc
import zipfile
import zlib

import pytest

from skillyard.skill.archive import Limits, open_safely
from skillyard.skill.digest import sha256_hex
from tests.skill.crafted import FOLDER, SKILL, Zipped, codes, deflated, refusal, tar_gz_of, tarred, zip_of


def make(format: str, *entries: tuple[str, bytes], skill: bool = True) -> bytes:
    """An archive of `entries`; a name that ends with a slash is a folder."""
    if format == "zip":
        listed = [Zipped(name=name, data=data, mode=FOLDER if name[-1:] == "/" else 0o100644) for name, data in entries]
        return zip_of(*listed, skill=skill)
    members = [tarred(name, data, kind=b"5" if name[-1:] == "/" else b"0") for name, data in entries]
    return tar_gz_of(*members, skill=skill)


@pytest.fixture(params=["zip", "tar.gz"])
def format(request):
    return request.param


def test_files_come_with_size_hash_and_content(format):
    files = open_safely(make(format, ("scripts/", b""), ("scripts/run.py", b"print()")))
    assert [(entry.path, entry.size_bytes, entry.sha256) for entry in files.entries] == [
        ("SKILL.md", len(SKILL), sha256_hex(SKILL)),
        ("scripts/run.py", 7, sha256_hex(b"print()")),
    ]
    assert files.read("scripts/run.py") == b"print()"
    assert "SKILL.md" in files
    assert "scripts" not in files
    assert files.top_folder is None


def test_one_tree_has_one_digest_in_both_formats():
    entries = [("b/c.txt", b"1"), ("a.txt", b""), ("\u00e9.md", b"2")]
    assert open_safely(make("zip", *entries)).digest == open_safely(make("tar.gz", *reversed(entries))).digest


def test_a_single_top_folder_is_taken_off(format):
    files = open_safely(make(format, ("pdf/", b""), ("pdf/SKILL.md", SKILL), ("pdf/a/b", b"1"), skill=False))
    assert files.top_folder == "pdf"
    assert [entry.path for entry in files.entries] == ["SKILL.md", "a/b"]
    assert files.digest == open_safely(make(format, ("a/b", b"1"))).digest


def test_archives_are_read_from_streams_too(format):
    data = make(format, ("a", b"1"))
    assert open_safely(io.BytesIO(data)) == open_safely(data)


def test_what_other_programs_write_is_read():
    content = {"pdf/SKILL.md": SKILL, "pdf/scripts/x.sh": b"#!/bin/sh\n", "pdf/" + "d" * 90 + "/" + "f" * 110: b"long"}
    zipped, tars = io.BytesIO(), []
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("pdf")
        for path, data in content.items():
            archive.writestr(path, data)
    for tar_format in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w:gz", format=tar_format) as archive:
            for path, data in content.items():
                if tar_format == tarfile.USTAR_FORMAT and len(path) > 150:
                    path = path[:150]
                member = tarfile.TarInfo(path)
                member.size, member.mtime, member.mode = (
                    len(data),
                    1.5 if tar_format == tarfile.PAX_FORMAT else 1,
                    0o755,
                )
                archive.addfile(member, io.BytesIO(data))
        tars.append(open_safely(stream.getvalue()))
    assert len(tars[0].entries) == 3
    assert open_safely(zipped.getvalue()).digest == tars[1].digest == tars[2].digest
    assert all(entry.executable for files in tars for entry in files.entries)


def test_what_macos_adds_is_left_out(format):
    plain = make(format, ("a.py", b"1"))
    noisy = make(
        format, ("a.py", b"1"), ("__MACOSX/", b""), ("__MACOSX/._a.py", b"2"), (".DS_Store", b"3"),
        ("b/.DS_Store", b"4"), ("._a.py", b"5"),
    )  # fmt: skip
    assert open_safely(noisy).entries == open_safely(plain).entries


def test_noise_beside_a_top_folder_does_not_hide_it(format):
    files = open_safely(make(format, ("pdf/SKILL.md", SKILL), ("__MACOSX/pdf/._SKILL.md", b"2"), skill=False))
    assert files.top_folder == "pdf"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/etc/passwd", "absolute"),
        ("//host/share", "absolute"),
        ("../x", "'..'"),
        ("a/../../x", "'..'"),
        ("a/..", "'..'"),
        ("a/./x", "'.'"),
        ("a//x", "''"),
        ("a\\b", "backslash"),
        ("..\\x", "backslash"),
        ("C:x", "drive letter"),
        ("c:/x", "drive letter"),
        ("a.txt:stream", "has :"),
        ("what?", "has ?"),
        ("a\x01b", "control"),
        ("a\nb", "control"),
        ("a\x7fb", "control"),
        ("a\x85b", "control"),
        ("a\u202egnp.exe", "invisible"),
        ("a\u200bb", "invisible"),
        ("con", "device on Windows"),
        ("a/NUL.txt", "device on Windows"),
        ("Aux .md", "device on Windows"),
        ("com1", "device on Windows"),
        ("lpt\u00b9", "device on Windows"),
        ("a./x", "dot or a space"),
        ("x ", "dot or a space"),
        ("x.", "dot or a space"),
        (".git/config", ".git folder"),
        ("a/.GIT/config", ".git folder"),
        ("n" * 121, "121 bytes, 120 are allowed"),
        ("\u00e9" * 61, "122 bytes, 120 are allowed"),
        ("/".join(["abcdefghi"] * 25), "249 bytes, 240 are allowed"),
        ("/".join("abcdefghijklmnopq"), "17 names deep, 16 are allowed"),
    ],
)
def test_a_path_that_is_not_plain_everywhere_is_refused(format, path, said):
    if format == "tar.gz" and len(path.encode()) > 100:
        archive = tar_gz_of(tarred("././@LongLink", path.encode() + b"\0", kind=b"L"), tarred("short"))
    else:
        archive = make(format, (path, b"1"))
    (fault, *_) = refusal(archive)
    assert fault.code == "bad_path"
    assert said in fault.message
    assert fault.file.isprintable()


def test_a_path_that_is_not_utf_8_is_refused():
    assert codes(zip_of(Zipped(name=b"caf\xe9"))) == {"bad_path"}
    assert codes(tar_gz_of(tarred(b"caf\xe9"))) == {"bad_path"}


def test_a_zero_byte_in_a_zip_name_is_refused():
    assert codes(zip_of(Zipped(name=b"a.txt\0.exe"))) == {"bad_path"}


@pytest.mark.parametrize(
    "path", ["\u00e9.md", "\u4e2d\u6587/\U0001f600.txt", "a b", "...a", ".hidden", "concrete.md", "a'b", "$x", "-r"]
)
def test_unusual_but_harmless_paths_are_kept(format, path):
    assert path in open_safely(make(format, (path, b"1")))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a.txt", "A.TXT"),
        ("docs/a", "Docs/b"),
        ("stra\u00dfe", "STRASSE"),
        ("\u00e9", "e\u0301"),
        ("caf\u00c9/x", "cafe\u0301/y"),
        ("\u212a", "k"),
        ("a", "a/b"),
        ("a/b", "a"),
        ("a", "A/b"),
        ("a/", "a"),
        ("a", "a/"),
        ("a/", "A/"),
    ],
)
def test_paths_that_collide_on_some_file_systems_are_refused(format, first, second):
    (fault,) = refusal(make(format, (first, b""), (second, b"")))
    assert fault.code == "colliding_paths"


@pytest.mark.parametrize("path", ["a", "a/"])
def test_the_same_path_twice_is_refused(format, path):
    (fault,) = refusal(make(format, (path, b""), (path, b"")))
    assert (fault.code, fault.file) == ("duplicate_entry", "a")


def test_all_faults_are_found_at_once(format):
    faults = refusal(make(format, ("../a", b""), ("con", b""), ("X", b""), ("x", b""), ("d\\e", b""), skill=False))
    assert [fault.code for fault in faults] == ["bad_path", "bad_path", "colliding_paths", "bad_path", "no_skill_file"]
    assert [fault.file for fault in faults] == ["../a", "con", "x", "d\\e", None]


def test_a_flood_of_faults_is_cut_off(format):
    faults = refusal(make(format, *((f"../{i}", b"") for i in range(1500))))
    assert len(faults) == 100


@pytest.mark.parametrize(
    ("paths", "hint"),
    [
        ([], "add a SKILL.md"),
        (["README.md"], "add a SKILL.md"),
        (["skill.md"], "rename skill.md"),
        (["pdf/Skill.md", "pdf/a"], "rename pdf/Skill.md"),
        (["a/b/SKILL.md"], "pack the folder that a/b/SKILL.md is in"),
        (["pdf/SKILL.md", "README.md"], "pack the folder that pdf/SKILL.md is in"),
        (["a/SKILL.md", "b/SKILL.md"], "pack the folder that a/SKILL.md is in"),
    ],
)
def test_without_a_skill_file_in_its_place_the_hint_says_what_to_do(format, paths, hint):
    (fault,) = refusal(make(format, *((path, b"1") for path in paths), skill=False))
    assert fault.code == "no_skill_file"
    assert hint in fault.hint


def test_a_second_skill_file_is_refused(format):
    (fault,) = refusal(make(format, ("examples/SKILL.md", SKILL)))
    assert (fault.code, fault.file) == ("several_skill_files", "examples/SKILL.md")


def test_a_folder_called_skill_md_is_no_skill_file(format):
    assert codes(make(format, ("SKILL.md/", b""), ("SKILL.md/a", b""), skill=False)) == {"no_skill_file"}


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(max_entries=2), "too_many_entries"),
        (Limits(max_file_bytes=2999), "too_large"),
        (Limits(max_unpacked_bytes=5999), "too_large"),
        (Limits(max_archive_bytes=100), "too_large"),
        (Limits(max_name_bytes=5), "bad_path"),
        (Limits(max_path_bytes=7), "bad_path"),
        (Limits(max_depth=1), "bad_path"),
    ],
)
def test_every_limit_is_kept(format, limits, code):
    data = make(format, ("d/one", b"1" * 3000), ("two", b"2" * 3000))
    assert code in codes(data, limits)


def test_what_just_fits_the_limits_is_opened(format):
    data = make(format, ("d/one", b"1" * 3000), ("two", b"2" * 3000))
    limits = Limits(
        max_entries=3, max_file_bytes=3000, max_unpacked_bytes=6000 + len(SKILL), max_archive_bytes=len(data),
        max_name_bytes=8, max_path_bytes=8, max_depth=2,
    )  # fmt: skip
    assert len(open_safely(data, limits=limits).entries) == 3


def test_a_stream_is_not_read_beyond_the_limit(format):
    stream = io.BytesIO(make(format, ("a", b"1")) + bytes(1_000_000))
    assert codes(stream, Limits(max_archive_bytes=10_000)) == {"too_large"}
    assert stream.tell() == 10_001


def test_ratio_counts_from_the_first_megabyte_on(format):
    assert "zeros" in open_safely(make(format, ("zeros", bytes(1_000_000))))
    (fault,) = refusal(make(format, ("zeros", bytes(5_000_000))))
    assert fault.code == "too_compressed"
    assert "200 times" in fault.message


def zeros(megabytes: int) -> bytes:
    return flushed(bytes(1 << 20)) * megabytes + b"\x03\x00"


def flushed(data: bytes) -> bytes:
    """Deflate blocks that end on a byte, so that others may follow."""
    packer = zlib.compressobj(6, wbits=-15)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


def gzipped(packed: bytes) -> bytes:
    return b"\x1f\x8b\x08" + bytes(7) + packed + bytes(8)


BOMB_BYTES = 600 << 20


@pytest.mark.parametrize(
    ("declared", "limits"),
    [
        (BOMB_BYTES, Limits()),
        (BOMB_BYTES, Limits(max_file_bytes=1 << 40, max_unpacked_bytes=1 << 40)),
        (10, Limits()),
    ],
    ids=["honest", "only the ratio is limited", "lying"],
)
def test_six_hundred_megabytes_of_zeros_are_refused_quickly_in_little_memory(format, declared, limits):
    if format == "zip":
        bomb = zip_of(Zipped(name="bomb", packed=zeros(600), size=declared, crc=0))
    else:
        bomb = gzipped(flushed(tarred("SKILL.md", SKILL) + tarred("bomb", b"", size=declared)) + zeros(600))
    tracemalloc.start()
    started = time.perf_counter()
    refusal(bomb, limits)
    elapsed, peak_bytes = time.perf_counter() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert elapsed < 0.5
    assert peak_bytes < 4_000_000


def test_zeros_instead_of_a_tar_are_refused():
    assert codes(gzipped(zeros(600))) == {"trailing_data"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no archive"),
        (b"hello", "no archive"),
        (b"7z\xbc\xaf'\x1c", "7z"),
        (b"Rar!\x1a\x07", "rar"),
        (b"BZh91AY", "bzip2"),
        (b"\xfd7zXZ\x00", "xz"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"MZ" + bytes(100) + b"PK\x03\x04", "data in front"),
        (b"--- \nname: x", "SKILL.md alone"),
        (tarred("SKILL.md"), "not compressed with gzip"),
    ],
)
def test_what_is_no_zip_or_tar_gz_is_named(data, said):
    (fault,) = refusal(data)
    assert fault.code == "not_an_archive"
    assert said in fault.message


def test_archives_open_the_same_without_isa_l():
    script = (
        "import sys; sys.modules['isal'] = None\n"
        "from skillyard.skill import inflate; from skillyard.skill.archive import open_safely\n"
        "assert inflate._fastest.__name__ == 'zlib'\n"
        "print(*[open_safely(bytes.fromhex(line.strip())).digest for line in sys.stdin])"
    )
    archives = [
        make(format, ("a", b"1" * 300_000), ("b", deflated(bytes(range(256)) * 99))) for format in ("zip", "tar.gz")
    ]
    ran = subprocess.run(
        [sys.executable, "-c", script],
        input="\n".join(data.hex() for data in archives),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == [open_safely(data).digest for data in archives]


def test_sixty_files_open_in_a_few_milliseconds(format):
    data = make(format, *((f"scripts/{i}.py", b"print('hello')\n" * 300) for i in range(59)))
    elapsed = []
    for _ in range(10):
        started = time.perf_counter()
        open_safely(data)
        elapsed.append(time.perf_counter() - started)
    assert min(elapsed) < 0.02
