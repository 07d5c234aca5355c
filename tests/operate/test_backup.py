"""A backup is whole, is taken while the server works, and is checked before anything is restored."""

from __future__ import annotations

import io
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App, build
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.credits import get_credits, grant_credits
from skillyard.domain.payments.ledger import examine
from skillyard.domain.registry.files import get_file
from skillyard.infra.clock import FixedClock
from skillyard.operate.backup import BackupDamaged, BackupFromNewer, InstanceNotEmpty, backup, restore
from skillyard.skill.names import SkillName
from tests.domain.payments.shop import a_shop
from tests.makers import a_person, a_release, make_app, secret_of

PDF = SkillName.parse("ada/pdf")


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[tuple[App, Caller]]:
    app = make_app(tmp_path / "old")
    ada = a_person(app, "ada")
    a_release(app, ada, "ada/pdf")
    a_release(app, ada, "ada/pdf", "1.1.0", body="# Grüße")
    yield app, ada
    app.close()


@pytest.fixture(params=["sqlite+files", "postgresql+s3"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[App]:
    """A new instance on each of the two foundations."""
    urls = {}
    if request.param == "postgresql+s3":
        urls = {"database_url": request.getfixturevalue("postgres_url"), "blobs_url": request.getfixturevalue("s3_url")}
    app = make_app(tmp_path / "new", **urls)
    yield app
    app.close()


def read(app: App, caller: Caller, version: str) -> bytes:
    return get_file(app, caller, name=PDF, version=version, path="SKILL.md")[1]


def started_again(app: App) -> App:
    """As a server is after its data were restored: it reads its keys from them."""
    app.close()
    return build(app.settings)


def test_everything_comes_back_also_on_another_database(filled: tuple[App, Caller], empty: App, tmp_path: Path) -> None:
    old, ada = filled
    made = backup(old, tmp_path / "backup.tar")
    assert made.blobs == 2
    restored = restore(empty, tmp_path / "backup.tar")
    assert (restored.rows, restored.blobs) == (made.rows, 2)
    empty = started_again(empty)
    same_ada = authenticate(empty, secret_of(ada))
    assert same_ada.username == "ada"
    assert read(empty, same_ada, "1.1.0") == read(old, ada, "1.1.0")
    a_release(empty, same_ada, "ada/pdf", "2.0.0")
    with empty.database.reading() as tx:
        positions = [row["position"] for row in tx.all("SELECT position FROM events ORDER BY position")]
    assert len(set(positions)) == len(positions)


def test_books_come_back_closed_and_go_on(empty: App, tmp_path: Path) -> None:
    clock = FixedClock()
    old = make_app(tmp_path / "old", clock=clock)
    shop = a_shop(old, clock)
    shop.grant("5000")
    shop.buy()
    shop.later(days=8)
    backup(old, tmp_path / "backup.tar")
    restore(empty, tmp_path / "backup.tar")
    empty = started_again(empty)
    bob = authenticate(empty, secret_of(shop.bob))
    assert get_credits(empty, bob).available == 2100
    with empty.database.reading() as tx:
        assert not examine(tx)
    grant_credits(empty, authenticate(empty, secret_of(shop.ada)), username="bob", amount="1")
    assert get_credits(empty, bob).available == 2101
    with empty.database.reading() as tx:
        assert not examine(tx)
    old.close()


def test_a_signature_made_before_holds_after(filled: tuple[App, Caller], tmp_path: Path) -> None:
    old, _ = filled
    backup(old, tmp_path / "backup.tar")
    new = make_app(tmp_path / "new")
    restore(new, tmp_path / "backup.tar")
    new.close()
    again = make_app(tmp_path / "new")
    assert again.signer.is_valid(old.signer.sign("upload", "x"), "upload", "x")
    again.close()


def test_a_backup_taken_while_releases_come_in_is_consistent(filled: tuple[App, Caller], tmp_path: Path) -> None:
    old, ada = filled
    stop = threading.Event()

    def keep_publishing() -> None:
        number = 0
        while not stop.is_set() and number < 200:
            a_release(old, ada, f"ada/extra-{number}")
            number += 1

    publishing = threading.Thread(target=keep_publishing)
    publishing.start()
    try:
        for number in range(3):
            backup(old, tmp_path / f"{number}.tar")
    finally:
        stop.set()
        publishing.join()
    for number in range(3):
        new = make_app(tmp_path / f"new-{number}")
        restore(new, tmp_path / f"{number}.tar")
        with new.database.reading() as tx:
            wanted = {row["sha256"] for row in tx.all("SELECT sha256 FROM releases")}
        assert len(wanted) >= 2
        assert wanted <= {blob.sha256 for blob in new.blobs.list()}
        new.close()


def test_an_instance_that_holds_something_is_not_overwritten(filled: tuple[App, Caller], tmp_path: Path) -> None:
    old, ada = filled
    backup(old, tmp_path / "backup.tar")
    with pytest.raises(InstanceNotEmpty):
        restore(old, tmp_path / "backup.tar")
    assert read(old, ada, "1.0.0")


def test_a_cut_off_backup_restores_nothing(filled: tuple[App, Caller], tmp_path: Path) -> None:
    old, _ = filled
    whole = tmp_path / "backup.tar"
    backup(old, whole)
    content = whole.read_bytes()
    new = make_app(tmp_path / "new")
    for size in (0, 100, len(content) // 2, len(content) - 12_000):
        cut = tmp_path / f"cut-{size}.tar"
        cut.write_bytes(content[:size])
        with pytest.raises(BackupDamaged):
            restore(new, cut)
    assert_empty(new)


def test_a_changed_byte_is_noticed_before_anything_is_restored(filled: tuple[App, Caller], tmp_path: Path) -> None:
    old, _ = filled
    backup(old, tmp_path / "backup.tar")
    new = make_app(tmp_path / "new")
    for member in ("blobs/", "tables/releases"):
        changed = rewrite(tmp_path / "backup.tar", tmp_path / "changed.tar", member)
        with pytest.raises(BackupDamaged, match="missing or changed"):
            restore(new, changed)
    assert_empty(new)


def test_a_backup_of_a_newer_version_is_refused(filled: tuple[App, Caller], tmp_path: Path) -> None:
    old, _ = filled
    backup(old, tmp_path / "backup.tar")
    newer = rewrite(
        tmp_path / "backup.tar", tmp_path / "newer.tar", "backup.json", b'"0001_events.sql"', b'"9001_events.sql"'
    )
    new = make_app(tmp_path / "new")
    with pytest.raises(BackupFromNewer, match=r"9001_events\.sql"):
        restore(new, newer)
    assert_empty(new)


def test_an_existing_file_is_not_overwritten(filled: tuple[App, Caller], tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("mine")
    with pytest.raises(FileExistsError):
        backup(filled[0], target)
    assert target.read_text() == "mine"


def rewrite(source: Path, target: Path, prefix: str, old: bytes = b"", new: bytes = b"") -> Path:
    """The same tar with one byte, or `old`, changed in the first member whose name begins so."""
    with tarfile.open(source) as before, tarfile.open(target, "w") as after:
        done = False
        for member in before:
            content = before.extractfile(member)
            assert content is not None
            data = content.read()
            if member.name.startswith(prefix) and not done and data:
                data = data.replace(old, new) if old else bytes([data[0] ^ 1]) + data[1:]
                done = True
            member.size = len(data)
            after.addfile(member, io.BytesIO(data))
        assert done
    return target


def assert_empty(app: App) -> None:
    with app.database.reading() as tx:
        assert tx.all("SELECT name FROM skills") == []
    assert list(app.blobs.list()) == []
    app.close()
