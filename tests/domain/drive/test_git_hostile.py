"""Git servers, addresses and repositories that mean harm, or are far too large."""

from __future__ import annotations

import hashlib
import os
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive import git_fetch
from skillyard.domain.drive.git_errors import (
    FolderNotFound,
    GitBusy,
    GitSkillRefused,
    NoSkillThere,
    RepositoryUnreadable,
)
from skillyard.domain.drive.git_import import import_git
from skillyard.domain.drive.items import list_items, remove_item
from skillyard.domain.registry.runnable import find_runnable
from skillyard.infra.errors import SkillyardError
from skillyard.infra.git_remote import GitFailed, RepositoryNotFound, RepositoryTooLarge
from skillyard.infra.outbound import AddressNotAllowed, CallFailed, Outbound
from skillyard.skill.names import SkillName
from tests.domain.drive.git_place import GitPlace, a_place, a_skill_file, on_loopback
from tests.git_server import Canned, GitServer, git, git_server
from tests.makers import a_person, make_app

PDF = SkillName("ada", "pdf")
ADVERTISED = {"Content-Type": "application/x-git-upload-pack-advertisement"}
RESULT = {"Content-Type": "application/x-git-upload-pack-result"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with git_server(tmp_path_factory.mktemp("repositories")) as server:
        yield server


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Caller]]:
    app = make_app(tmp_path_factory.mktemp("app"), git_max_mb=1, git_seconds=10)
    yield app, a_person(app)
    app.close()


@pytest.fixture
def place(server: GitServer, shop: tuple[App, Caller]) -> Iterator[GitPlace]:
    app, ada = shop
    yield a_place(on_loopback(app), ada, server)
    server.override = None
    assert list_items(app, ada).items == (), "nothing hostile came into the drive"


@pytest.fixture(scope="module")
def the_plain_one(server: GitServer, shop: tuple[App, Caller]) -> GitPlace:
    app, ada = shop
    place = a_place(on_loopback(app), ada, server)
    place.repository.commit({"SKILL.md": a_skill_file()})
    return place


@pytest.fixture
def plain(the_plain_one: GitPlace) -> Iterator[GitPlace]:
    """A repository with nothing wrong, which its server may still make something of."""
    yield the_plain_one
    the_plain_one.server.override = None
    assert list_items(the_plain_one.app, the_plain_one.caller).items == (), "nothing hostile came into the drive"


def bring_nothing(place: GitPlace) -> None:
    with pytest.raises(NoSkillThere):
        place.bring()


def faults_of(place: GitPlace, path: str = "") -> set[str]:
    with pytest.raises(GitSkillRefused) as refused:
        place.bring(path)
    return {fault["code"] for fault in refused.value.faults}


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/a/b.git",
        "https://localhost/a/b.git",
        "https://localhost./a/b.git",
        "https://127.1/a/b.git",
        "https://2130706433/a/b.git",
        "https://0x7f000001/a/b.git",
        "https://0177.0.0.1/a/b.git",
        "https://0/a/b.git",
        "https://[::1]/a/b.git",
        "https://[::ffff:127.0.0.1]/a/b.git",
        "https://[64:ff9b::7f00:1]/a/b.git",
        "https://10.0.0.5/a/b.git",
        "https://192.168.1.1/a/b.git",
        "https://169.254.169.254/latest/meta-data.git",
        "https://[fd00::1]/a/b.git",
        "https://[fe80::1]/a/b.git",
        "https://intranet/a/b.git",
        "http://example.com/a/b.git",
    ],
)
def test_private_addresses_are_not_called_however_they_are_spelled(shop: tuple[App, Caller], address: str) -> None:
    def resolver(host: str) -> list[str]:
        known = {"example.com": "93.184.215.14", "intranet": "10.1.2.3"}
        return [known.get(host, "127.0.0.1")]

    app, ada = shop
    with pytest.raises(AddressNotAllowed):
        import_git(replace(app, outbound=Outbound(resolver=resolver)), ada, address=address)


@pytest.mark.parametrize("target", ["http://10.0.0.1/x.git", "https://192.168.0.1/x.git", "file:///etc", "ssh://x/y"])
def test_a_redirect_leads_to_no_private_place(plain: GitPlace, target: str) -> None:
    location = f"{target}/info/refs?service=git-upload-pack"
    plain.server.override = lambda *_: Canned(status=302, headers={"Location": location})
    with pytest.raises(AddressNotAllowed):
        plain.bring()


def test_a_redirect_to_the_same_repository_elsewhere_is_followed_and_one_in_a_circle_is_not(place: GitPlace) -> None:
    place.repository.commit({"README.md": "x"})
    old = place.url.replace("tools", "old")

    def moved(method: str, path: str, body: bytes) -> Canned | None:
        if "/old" not in path:
            return None
        return Canned(status=301, headers={"Location": path.replace("/old", "/tools")})

    place.server.override = moved
    with pytest.raises(NoSkillThere):
        replace(place, url=old).bring()
    place.server.override = lambda _, path, __: Canned(status=302, headers={"Location": path})
    with pytest.raises(CallFailed, match="sends us elsewhere"):
        place.bring()


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (Canned(status=404), RepositoryNotFound),
        (Canned(status=401, headers={"WWW-Authenticate": "Basic"}), RepositoryNotFound),
        (Canned(status=500), GitFailed),
        (Canned(body=b"<html>hello</html>", headers={"Content-Type": "text/html"}), GitFailed),
        (Canned(body=b"a" * 40 + b"\trefs/heads/main\n", headers={"Content-Type": "text/plain"}), GitFailed),
        (Canned(headers=ADVERTISED), GitFailed),
        (Canned(headers=ADVERTISED, body=b"zzzz"), GitFailed),
        (Canned(headers=ADVERTISED, body=b"ffff0"), GitFailed),
        (Canned(headers=ADVERTISED, body=b"0003"), GitFailed),
        (Canned(headers=ADVERTISED, body=b"0000" * 50_000), GitFailed),
        (Canned(headers=ADVERTISED, body=b"0006\xff\xfe" * 1000 + b"0000"), GitFailed),
        (Canned(headers=ADVERTISED, body=b"x" * (2 << 20)), RepositoryTooLarge),
    ],
)
def test_what_is_no_git_server_is_told(plain: GitPlace, answer: Canned, refused: type[SkillyardError]) -> None:
    plain.server.override = lambda *_: answer
    with pytest.raises(refused):
        plain.bring()


@pytest.mark.parametrize(
    "refs",
    [
        b"",
        b"0000",
        b"0008ERR\n0000",
        b"000bnonsense"[:11] + b"0000",
        b"0032" + b"g" * 40 + b" HEAD\n0000",
        b"000fshort HEAD\n0000",
        b"003d" + b"0" * 40 + b" refs/heads/other\n" + b"0000",
        b"0047" + b"a" * 64 + b" HEAD\n" + b"0000",
    ],
)
def test_refs_that_lie_are_told(plain: GitPlace, refs: bytes) -> None:
    plain.server.override = lambda method, *_: Canned(headers=RESULT, body=refs) if method == "POST" else None
    with pytest.raises(SkillyardError):
        plain.bring()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (b"access denied", "did not hand out the repository: access denied."),
        (b"x\x1b[2Jy", "does not speak git's protocol"),
        (b"x" * 5000, "x" * 200 + "."),
    ],
)
def test_what_a_server_says_is_quoted_short_and_without_escapes(plain: GitPlace, said: bytes, shown: str) -> None:
    error = b"%04xERR %s\n0000" % (len(said) + 9, said)
    plain.server.override = lambda method, *_: Canned(headers=RESULT, body=error) if method == "POST" else None
    with pytest.raises(GitFailed) as refused:
        plain.bring()
    assert refused.value.message.endswith(shown) or shown in refused.value.message


def test_a_slow_server_is_left_in_time(server: GitServer, shop: tuple[App, Caller]) -> None:
    app, ada = shop
    hasty = replace(app, settings=app.settings.model_copy(update={"git_seconds": 1}))
    place = a_place(on_loopback(hasty), ada, server)
    place.repository.commit({"SKILL.md": a_skill_file()})

    def slow(*_: Any) -> None:
        time.sleep(0.7)

    server.override = slow
    with pytest.raises((CallFailed, GitFailed)):
        place.bring()
    server.override = None


def test_somebody_who_waits_for_slow_servers_keeps_nobody_else_waiting(
    place: GitPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_fetch, "_PATIENCE_S", 0.1)
    place.repository.commit({"README.md": "x"})
    began, done = threading.Event(), threading.Event()

    def slow(*_: Any) -> None:
        began.set()
        done.wait(8)

    place.server.override = slow
    waiting = threading.Thread(target=bring_nothing, args=(place,))
    waiting.start()
    assert began.wait(8)
    with pytest.raises(GitBusy) as refused:
        place.bring()
    assert refused.value.facts["retry_after_s"]
    monkeypatch.setattr(git_fetch, "_PATIENCE_S", 60)
    monkeypatch.setattr(git_fetch, "_MOST_WAITING", 0)
    with pytest.raises(GitBusy):
        place.bring()
    place.server.override = None
    bring_nothing(replace(place, caller=replace(place.caller, user_id="usr_other")))
    done.set()
    waiting.join()


def test_a_huge_skill_is_refused_while_it_comes(place: GitPlace) -> None:
    place.repository.commit({"SKILL.md": a_skill_file(), "movie.bin": os.urandom(3 << 20)})
    with pytest.raises(RepositoryTooLarge, match="more than 1048576 bytes"):
        place.bring()


def test_a_huge_repository_around_a_skill_does_not_matter_where_it_can_be_left_out(
    server: GitServer, shop: tuple[App, Caller]
) -> None:
    app, ada = shop
    files = {"pdf/SKILL.md": a_skill_file(), "pdf/x/go.sh": "echo\n", "movie.bin": os.urandom(3 << 20)}
    whole = a_place(on_loopback(app), ada, server, in_parts=False)
    whole.repository.commit(files)
    with pytest.raises(RepositoryTooLarge):
        whole.bring("/tree/main/pdf")
    place = a_place(on_loopback(app), ada, server)
    place.repository.commit(files)
    item = place.bring("/tree/main/pdf", slug="small")
    assert place.read(item, "x/go.sh") == "echo\n"
    remove_item(app, ada, name=SkillName("ada", "small"))
    git(place.repository.folder, "rm", "-q", "-r", "pdf")
    place.repository.commit({"pdf2/SKILL.md": a_skill_file("pdf2"), "pdf2/data": os.urandom(100_000)})
    assert place.bring().name == "ada/pdf2"
    remove_item(app, ada, name=SkillName("ada", "pdf2"))


def test_only_the_last_commit_is_fetched_however_long_the_history(place: GitPlace) -> None:
    for size in range(3):
        place.repository.commit({"movie.bin": os.urandom((1 << 19) + size)})
    place.repository.commit({"movie.bin": None, "README.md": "Nothing here."})
    with pytest.raises(NoSkillThere):
        place.bring()


def test_what_unpacks_to_far_more_is_refused(place: GitPlace) -> None:
    place.repository.commit({"SKILL.md": a_skill_file(), "zeros.bin": bytes(20 << 20)})
    with pytest.raises(RepositoryUnreadable, match="unpacks to more than"):
        place.bring()


def test_links_submodules_and_lfs_pointers_are_all_told(place: GitPlace) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 12345\n"
    commit = place.repository.commit({"pdf/SKILL.md": a_skill_file(), "pdf/model.bin": pointer, "other.txt": "x"})
    (place.repository.folder / "pdf" / "passwords").symlink_to("/etc/passwd")
    git(place.repository.folder, "update-index", "--add", "--cacheinfo", f"160000,{commit},pdf/vendor")
    git(place.repository.folder, "add", "pdf/passwords")
    git(place.repository.folder, "commit", "-q", "-m", "more")
    assert faults_of(place, "/tree/main/pdf") == {"link_entry", "git_submodule", "git_lfs_pointer"}


def test_a_skill_file_that_is_a_link_is_none(place: GitPlace) -> None:
    place.repository.commit({"README.md": a_skill_file()})
    (place.repository.folder / "SKILL.md").symlink_to("README.md")
    place.repository.commit_all()
    with pytest.raises(NoSkillThere):
        place.bring()


def test_hooks_and_settings_of_a_repository_do_nothing(place: GitPlace, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    script = f"#!/bin/sh\ntouch {mark}\n"
    place.repository.commit(
        {
            "pdf/README.md": "x",
            "pdf/.gitattributes": "* filter=evil\n",
            ".gitmodules": f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch {mark}"\n',
            "hooks/post-checkout": script,
        },
        executable=("hooks/post-checkout",),
    )
    with pytest.raises(NoSkillThere):
        place.bring()
    assert not mark.exists()


@pytest.mark.parametrize(
    "names",
    [
        [b".."],
        [b"."],
        [b".GIT"],
        [b"git~1"],
        [b"../../etc/passwd"],
        [b"/etc/passwd"],
        [b"a\\b"],
        [b"c:"],
        [b"aux"],
        [b"x\xff"],
        [b"x\nb"],
        ["x\u202ey".encode()],
        [b"README", b"readme"],
        [b"x", b"x"],
    ],
)
def test_names_that_mean_harm_on_some_disk_are_refused(place: GitPlace, names: list[bytes]) -> None:
    file = place.repository.write("blob", b"harm\n")
    skill = place.repository.write("blob", a_skill_file().encode())
    place.repository.commit_tree([("100644", skill, b"SKILL.md"), *(("100644", file, name) for name in names)])
    assert faults_of(place) <= {"bad_path", "colliding_paths", "duplicate_entry"}


def test_a_git_folder_inside_is_left_out(server: GitServer, shop: tuple[App, Caller]) -> None:
    app, ada = shop
    place = a_place(on_loopback(app), ada, server)
    file = place.repository.write("blob", b"[core]\n\tfsmonitor = touch x\n")
    folder = place.repository.write("tree", b"100644 config\0" + bytes.fromhex(file))
    skill = place.repository.write("blob", a_skill_file().encode())
    place.repository.commit_tree([("40000", folder, b".git"), ("100644", skill, b"SKILL.md")])
    item = place.bring()
    assert [file.path for file in find_runnable(app, ada, name=PDF, version=item.version).files] == ["SKILL.md"]
    remove_item(app, ada, name=PDF)


def test_a_tree_with_folders_without_end_is_refused(place: GitPlace) -> None:
    tree = place.repository.write("tree", b"")
    for _ in range(12):
        oid = bytes.fromhex(tree)
        tree = place.repository.write("tree", b"".join(b"40000 %d\0" % number + oid for number in range(9)))
    skill = place.repository.write("blob", a_skill_file().encode())
    place.repository.commit_tree([("100644", skill, b"SKILL.md"), ("40000", tree, b"deep")])
    with pytest.raises((RepositoryUnreadable, GitSkillRefused)):
        place.bring()


def test_a_path_through_a_file_is_no_folder(place: GitPlace) -> None:
    place.repository.commit({"SKILL.md": a_skill_file()})
    with pytest.raises(FolderNotFound):
        place.bring("/tree/main/SKILL.md/pdf")


def test_repositories_with_other_ids_are_told(server: GitServer, shop: tuple[App, Caller]) -> None:
    app, ada = shop
    place = a_place(on_loopback(app), ada, server, object_format="sha256")
    place.repository.commit({"SKILL.md": a_skill_file()})
    with pytest.raises(GitFailed, match="no SHA-1 ids"):
        place.bring()


def packed(*entries: tuple[int, int, bytes, bytes]) -> bytes:
    """A pack of entries: kind, declared size, what comes before the content (the base of a delta), content."""
    body = b"PACK" + struct.pack(">II", 2, len(entries))
    for kind, size, before, content in entries:
        first, rest = size & 0x0F, size >> 4
        head = bytearray([kind << 4 | first | (0x80 if rest else 0)])
        while rest:
            rest, low = rest >> 7, rest & 0x7F
            head.append(low | (0x80 if rest else 0))
        body += bytes(head) + before + zlib.compress(content)
    return body + hashlib.sha1(body).digest()


def number(value: int) -> bytes:
    """As deltas write sizes."""
    found = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        found.append(low | (0x80 if value else 0))
        if not value:
            return bytes(found)


BASE = b"x" * 0x10000
BASE_ID = hashlib.sha1(b"blob %d\0" % len(BASE) + BASE).digest()
COPIES = b"\x80" * 100_000  # each copies 64 KiB
BOMBS = {
    "a size that is a lie": packed((3, 10, b"", bytes(5 << 20))),
    "a size beyond every limit": packed((3, 1 << 40, b"", b"x")),
    "a size without end": b"PACK" + struct.pack(">II", 2, 1) + b"\xff" * 5000,
    "more objects than bytes": b"PACK" + struct.pack(">II", 2, 2**32 - 1) + bytes(20),
    "objects that are not there": b"PACK" + struct.pack(">II", 2, 1000) + bytes(20),
    "a delta that makes gigabytes": packed(
        (3, len(BASE), b"", BASE),
        (7, len(COPIES) + 7, BASE_ID, number(len(BASE)) + number(0x10000 * 100_000)[:5] + COPIES),
    ),
    "a delta that makes more than it says": packed(
        (3, len(BASE), b"", BASE), (7, len(COPIES) + 4, BASE_ID, number(len(BASE)) + number(10) + COPIES)
    ),
    "a delta of nothing": packed((7, 4, b"\x11" * 20, b"\x01\x01\x01a")),
    "a delta of itself": packed((6, 4, b"\x00", b"\x01\x01\x01a")),
    "a kind that there is not": packed((5, 1, b"", b"a")),
    "no pack": b"<html>",
    "an empty pack": packed(),
    "nothing": b"",
    "another commit than asked for": packed((3, 1, b"", b"a")),
}


@pytest.mark.parametrize("of", ["folders", "files"])
@pytest.mark.parametrize("bomb", BOMBS)
def test_packs_that_are_bombs_or_broken_are_refused(plain: GitPlace, bomb: str, of: str) -> None:

    def explode(method: str, path: str, body: bytes) -> Canned | None:
        if b"command=fetch" not in body or (b"filter blob:none" in body) is (of == "files"):
            return None
        lines = b"".join(
            b"%04x\x01" % (len(part) + 5) + part
            for start in range(0, len(BOMBS[bomb]), 60_000)
            if (part := BOMBS[bomb][start : start + 60_000])
        )
        return Canned(headers=RESULT, body=b"000dpackfile\n" + lines + b"0000")

    plain.server.override = explode
    began = time.monotonic()
    with pytest.raises((RepositoryUnreadable, GitFailed)):
        plain.bring()
    assert time.monotonic() - began < 9


def test_a_pack_from_somewhere_else_is_not_taken(plain: GitPlace) -> None:
    """The protocol lets a server name other addresses to download from."""
    answer = b"0012packfile-uris\n" + b"003b" + b"a" * 40 + b" https://10.0.0.1/p\n" + b"0001" + b"000dpackfile\n0000"

    def elsewhere(method: str, path: str, body: bytes) -> Canned | None:
        return Canned(headers=RESULT, body=answer) if b"command=fetch" in body else None

    plain.server.override = elsewhere
    with pytest.raises(SkillyardError):
        plain.bring()
