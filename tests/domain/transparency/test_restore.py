"""An instance restored from a backup that is too old: clients who saw more notice it at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from skillyard.api.native.wire.log import show_proofs
from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.transparency.prove import prove
from skillyard.operate.backup import backup, restore
from skillyard.sdk.log_memory import Memory
from skillyard.sdk.log_proofs import Answer, LogRewritten, read_answer
from tests.makers import a_person, a_release, make_app

URL, ORIGIN = "http://registry.test", "registry.test"


@pytest.fixture
def instances(tmp_path: Path) -> Iterator[tuple[App, App]]:
    made = [make_app(tmp_path / name, log_origin=ORIGIN) for name in ("old", "new")]
    yield made[0], made[1]
    for app in made:
        app.close()


def ask(app: App, known: Memory | None = None) -> Answer:
    size = known.checkpoint.size if known else 0
    return read_answer(orjson.loads(show_proofs(prove(app, ANONYMOUS, known_size=size))), URL, known)


def test_a_backup_brings_the_same_log_under_the_same_key(instances: tuple[App, App], tmp_path: Path) -> None:
    old, new = instances
    a_release(old, a_person(old, "ada"))
    known = ask(old).memory
    backup(old, tmp_path / "whole.tar")
    restore(new, tmp_path / "whole.tar")
    new = make_app(tmp_path / "new", log_origin=ORIGIN)  # the next start reads the restored key
    assert ask(new, known).checkpoint == known.checkpoint
    new.close()


@pytest.mark.parametrize("published_since", [0, 1, 2])
def test_a_backup_that_is_too_old_is_noticed(instances: tuple[App, App], tmp_path: Path, published_since: int) -> None:
    old, new = instances
    ada = a_person(old, "ada")
    a_release(old, ada)
    backup(old, tmp_path / "old.tar")
    a_release(old, ada, version="1.1.0")
    known = ask(old).memory
    restore(new, tmp_path / "old.tar")
    new = make_app(tmp_path / "new", log_origin=ORIGIN)
    for number in range(published_since):
        a_release(new, ada, version=f"2.0.{number}")
    with pytest.raises(LogRewritten):
        ask(new, known)
    new.close()
