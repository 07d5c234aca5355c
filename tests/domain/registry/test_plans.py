"""Every statement that a request may run finds its rows by an index."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.registry import (
    changes,
    download,
    files,
    history,
    listings,
    open_uploads,
    releases,
    resolve,
    search,
    skill,
    tarballs,
    yank,
    zips,
)
from skillyard.infra.database import Tx
from skillyard.skill.digest import sha512_sri
from skillyard.skill.names import SkillName
from tests.makers import a_person, a_release, a_skill_archive, indexed, make_app

PDF = SkillName("ada", "pdf")


@pytest.fixture
def statements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[Any, ...]]:
    """What all operations on skills run, each with arguments of one run."""
    app = make_app(tmp_path)
    ada = a_person(app)
    seen: dict[str, tuple[Any, ...]] = {}
    for method in ("run", "one", "all"):
        original = getattr(Tx, method)

        def spy(tx: Tx, sql: str, *args: Any, original: Any = original) -> Any:
            if sql.lstrip().startswith(("SELECT", "UPDATE", "DELETE")):
                seen.setdefault(sql, args)
            return original(tx, sql, *args)

        monkeypatch.setattr(Tx, method, spy)
    _use_everything(app, ada)
    seen["the database"] = (app,)
    return seen


def _use_everything(app: App, ada: Caller) -> None:
    release = a_release(app, ada, dependencies={"ada/text": "*"})
    a_release(app, ada, "ada/text")
    yank.yank(app, ada, name=PDF, version="1.0.0", reason="bad")
    yank.unyank(app, ada, name=PDF, version="1.0.0")
    skill.get_skill(app, ANONYMOUS, name=PDF)
    releases.list_releases(app, ANONYMOUS, name=PDF)
    files.list_files(app, ANONYMOUS, name=PDF, version="latest")
    resolve.resolve_closure(app, ANONYMOUS, requirements={"ada/pdf": "*"}, locked={})
    search.search(indexed(app), ANONYMOUS, text="pdf")
    changes.list_changes(app, ANONYMOUS)
    download.count(app, download.find_open_archive(app, sha256=release.archive.sha256), client="x")
    download.flush(app)
    history.list_offered(app, ANONYMOUS, name=history.find_only(app, "pdf"))
    listings.list_entries(app, ada, listings.list_published_by(app, ANONYMOUS, author="ada", limit=20))
    zips.find_zip(app, ANONYMOUS, name=PDF, version="1.0.0")
    tarballs.find_signed(app, tarballs.sign_address(app, ANONYMOUS, release))
    upload = open_uploads.start_open_upload(app, ada, {"name": "@ada/new", "version": "1.0.0"})
    data = a_skill_archive("new")
    open_uploads.put_open_upload(
        app,
        upload_id=upload.id,
        expires_ms=upload.expires_ms,
        signature=open_uploads.sign_open_upload(app, upload),
        source=io.BytesIO(data),
    )
    claim = open_uploads.Claim(sha512=sha512_sri(data), files_count=1, size_bytes=len(data))
    open_uploads.confirm_open_upload(app, ada, upload_id=upload.id, claim=claim)


def test_no_statement_of_a_request_scans_a_table(statements: dict[str, tuple[Any, ...]]) -> None:
    app: App = statements.pop("the database")[0]
    assert len(statements) > 20
    scans = []
    with app.database.reading() as tx:
        for sql, args in statements.items():
            plan = [row["detail"] for row in tx.all(f"EXPLAIN QUERY PLAN {sql}", *args)]
            inner = {f"SCAN {step.removeprefix('CO-ROUTINE ')}" for step in plan if step.startswith("CO-ROUTINE")}
            if any(step.startswith("SCAN") and "CONSTANT ROW" not in step and step not in inner for step in plan):
                scans.append(f"{sql}\n  {plan}")
    app.close()
    assert not scans, "\n".join(scans)
