from __future__ import annotations

from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.registry.errors import ReleaseNotFound, ResolutionConflict, SkillNotFound
from skillyard.domain.registry.resolve import Closure, resolve_closure
from skillyard.domain.registry.yank import yank
from skillyard.infra.database import Tx
from skillyard.skill.digest import tree_digest
from skillyard.skill.faults import SkillError
from skillyard.skill.names import SkillName
from tests.makers import a_release, indexed


def resolved(app: App, caller: Caller = ANONYMOUS, locked: dict[str, str] | None = None, **wanted: str) -> Closure:
    """`pdf="^1"` asks for ada/pdf."""
    requirements = {f"ada/{slug}": text for slug, text in wanted.items()}
    return resolve_closure(app, caller, requirements=requirements, locked=locked or {})


def versions(closure: Closure) -> dict[str, str]:
    return {package.release.name: package.release.version for package in closure.packages}


@pytest.fixture
def diamond(app: App, ada: Caller) -> App:
    """report needs chart and table, and both need text."""
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        a_release(app, ada, "ada/text", version, files={"notes.txt": version})
    a_release(app, ada, "ada/chart", dependencies={"ada/text": "^1.0.0"})
    a_release(app, ada, "ada/table", dependencies={"ada/text": ">=1.1.0"})
    a_release(app, ada, "ada/report", dependencies={"ada/chart": "*", "ada/table": "^1"})
    return app


def test_one_call_returns_everything_an_install_needs(diamond: App) -> None:
    closure = resolved(diamond, report="latest")
    assert versions(closure) == {
        "ada/chart": "1.0.0", "ada/report": "1.0.0", "ada/table": "1.0.0", "ada/text": "1.1.0",
    }  # fmt: skip
    assert closure.roots == {"ada/report": "1.0.0"}
    asked = {package.release.name: package.requested_by for package in closure.packages}
    assert asked["ada/text"] == ("ada/chart", "ada/table")
    assert asked["ada/report"] == ("",)
    for package in closure.packages:
        assert tree_digest(package.release.files) == package.release.digest
        assert package.release.archive.sha256


def test_what_is_locked_stays_also_when_it_was_yanked(diamond: App, ada: Caller) -> None:
    locked = {"ada/text": "1.0.0"}
    assert versions(resolved(diamond, locked=locked, chart="*"))["ada/text"] == "1.0.0"
    yank(diamond, ada, name=SkillName("ada", "text"), version="1.0.0", reason="bad")
    assert versions(resolved(diamond, locked=locked, chart="*"))["ada/text"] == "1.0.0"
    assert versions(resolved(diamond, chart="*"))["ada/text"] == "1.1.0"
    yank(diamond, ada, name=SkillName("ada", "text"), version="1.1.0", reason="bad")
    with pytest.raises(ResolutionConflict):
        resolved(diamond, chart="*")


def test_channels_are_followed(diamond: App, ada: Caller) -> None:
    a_release(diamond, ada, "ada/text", "3.0.0-rc.1", channel="next")
    closure = resolved(diamond, text="next")
    assert versions(closure) == {"ada/text": "3.0.0-rc.1"}
    assert closure.packages[0].release.channels == ("next",)
    assert versions(resolved(diamond, text="*")) == {"ada/text": "2.0.0"}
    with pytest.raises(ReleaseNotFound):
        resolved(diamond, text="nightly")


def test_a_conflict_is_explained(diamond: App, ada: Caller) -> None:
    with pytest.raises(ResolutionConflict) as conflict:
        resolved(diamond, report="*", text="^2")
    explanation = conflict.value.facts["explanation"]
    assert "ada/text" in explanation
    assert "ada/chart" in explanation
    assert conflict.value.code == "resolution_conflict"


def test_an_unknown_skill_is_named_with_what_was_meant(diamond: App) -> None:
    indexed(diamond)
    with pytest.raises(SkillNotFound) as missing:
        resolved(diamond, reprot="*")
    assert missing.value.facts == {"name": "ada/reprot", "suggestions": ["ada/report"]}


def test_a_missing_dependency_is_a_conflict(diamond: App, ada: Caller) -> None:
    a_release(diamond, ada, "ada/broken", dependencies={"ada/gone": "^1"})
    with pytest.raises(ResolutionConflict) as conflict:
        resolved(diamond, broken="*")
    assert "ada/gone" in conflict.value.facts["explanation"]


def test_a_private_dependency_is_there_for_members_only(diamond: App, ada: Caller) -> None:
    a_release(diamond, ada, "ada/secret", visibility="private")
    a_release(diamond, ada, "ada/open", dependencies={"ada/secret": "*"})
    assert "ada/secret" in versions(resolved(diamond, ada, open="*"))
    with pytest.raises(ResolutionConflict):
        resolved(diamond, open="*")


def test_a_bad_request_is_refused_with_all_faults(app: App) -> None:
    requirements = {"pdf": "*", "ada/Pdf": "*", "ada/pdf": ">>1"}
    with pytest.raises(SkillError) as refused:
        resolve_closure(app, ANONYMOUS, requirements=requirements, locked={"ada/x": "latest"})
    codes = [fault.code for fault in refused.value.faults]
    assert codes == ["bad_skill_name", "bad_name", "bad_range", "bad_version"]


def test_nothing_asked_is_nothing_needed(app: App) -> None:
    assert resolved(app) == Closure(packages=(), roots={})


def test_a_wide_and_deep_graph_costs_a_query_per_depth(app: App, ada: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        a_release(app, ada, f"ada/leaf-{number}")
    leaves = {f"ada/leaf-{number}": "*" for number in range(20)}
    a_release(app, ada, "ada/middle", dependencies=leaves)
    a_release(app, ada, "ada/top", dependencies={"ada/middle": "*"})
    statements: list[str] = []
    run: Any = Tx.all
    monkeypatch.setattr(Tx, "all", lambda tx, sql, *args: statements.append(sql) or run(tx, sql, *args))
    assert len(resolved(app, top="*").packages) == 22
    assert len([sql for sql in statements if "r.dependencies, r.yanked_ms" in sql]) == 3
    assert len(statements) == 6
