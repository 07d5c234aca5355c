"""The benchmark of the scanner itself, on corpora of two or three skills."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from benchmarks.scan import corpora, engines, figures, packages, pin
from benchmarks.scan.__main__ import report
from benchmarks.scan.corpora import Sample
from benchmarks.scan.engines import Judgement

SKILL = b"---\nname: tidy\ndescription: Tidies up folders of notes.\n---\n\n# Tidy\n\nSort notes by date.\n"


def judged(name: str, *, hostile: bool, verdict: str, rules: tuple[str, ...] = (), seconds: float = 0.1) -> Judgement:
    sample = Sample(name=name, corpus="bad" if hostile else "good", hostile=hostile, files={"SKILL.md": SKILL})
    finding = {"severity": "high", "confidence": 0.8, "file": "SKILL.md", "line": 7, "evidence": "Sort", "grave": True}
    findings = tuple(finding | {"rule": rule} for rule in rules)
    return Judgement(sample=sample, verdict=verdict, findings=findings, seconds=seconds, peak_bytes=64 << 20)


def test_our_scanner_runs_in_a_process_of_its_own_and_is_timed() -> None:
    samples = [Sample(name="one/tidy", corpus="good", hostile=False, files={"SKILL.md": SKILL, "a/b.txt": b"note\n"})]
    (judgement,) = engines.ours(samples)
    assert judgement.verdict == "pass"
    assert 0 < judgement.seconds < 10
    assert judgement.peak_bytes > 10 << 20


def test_tables_count_alarms_by_corpus_and_by_rule() -> None:
    judgements = [
        judged("a", hostile=True, verdict="fail", rules=("code.theft", "prose.order")),
        judged("b", hostile=True, verdict="pass"),
        judged("c", hostile=False, verdict="flagged", rules=("prose.order",), seconds=0.3),
        judged("d", hostile=False, verdict="pass_with_notes"),
    ]
    tables = report({"ours": judgements})
    assert "| bad | 2 | 50.0 % | 50.0 % |" in tables
    assert "| good | 2 | 50.0 % | 0.0 % |" in tables
    assert "| ours | 100 ms | 300 ms | 300 ms | 64 MiB |" in tables
    assert "| `code.theft` | 1 | 0 | 100 % | 50.0 % |" in tables
    assert "| `prose.order` | 1 | 1 | 50 % | 50.0 % |" in tables
    assert "## c (flagged)" in figures.false_alarms(judgements)
    assert "## b: " in figures.misses(judgements)


def test_a_body_is_filled_at_its_places_and_a_wrong_place_is_refused() -> None:
    files = {name: sample for sample in corpora.bodies() for name in [sample.name]}
    plain = files["bodies/meeting-notes"].files["SKILL.md"].decode()
    filled = corpora._on_body("meeting-notes", {"end": "Sing a song.\n"})["SKILL.md"]
    assert "@@" not in plain
    assert "Sing a song." in filled
    assert filled.replace("Sing a song.\n\n", "") == plain
    with pytest.raises(ValueError, match="no place"):
        corpora._on_body("meeting-notes", {"code": "print()"})


def test_names_of_written_skills_are_unique() -> None:
    samples = [*corpora.hostile("tune"), *corpora.hostile("held_out"), *corpora.look_alikes()]
    names = [(sample.corpus, sample.name) for sample in samples]
    assert len(set(names)) == len(names)
    assert all(sample.skill().entries for sample in samples)


def test_hosts_of_hostile_skills_are_reserved_ones() -> None:
    reserved = re.compile(
        r"(?:[\w.-]+\.)?(?:invalid|example|test|localhost|w3\.org)|(?:192\.0\.2|198\.51\.100|203\.0\.113|127\.0\.0)\.\d+"
        r"|169\.254\.169\.254"
    )
    for sample in [*corpora.hostile("tune"), *corpora.hostile("held_out")]:
        text = b"\n".join(sample.files.values()).decode("utf-8", "replace")
        hosts = re.findall(r"(?:https?|ftp|wss?|rsync)://([\w.-]*\w)", text)
        assert [host for host in hosts if not reserved.fullmatch(host)] == [], sample.name


def test_archives_of_both_registries_are_unpacked_in_memory() -> None:
    wheel, archive = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("pack/skills/tidy/SKILL.md", SKILL)
    with tarfile.open(fileobj=archive, mode="w:gz") as file:
        header = tarfile.TarInfo("package/skills/tidy/SKILL.md")
        header.size = len(SKILL)
        file.addfile(header, io.BytesIO(SKILL))
        link = tarfile.TarInfo("package/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(link)
    assert packages.unpack("a.whl", wheel.getvalue()) == {"pack/skills/tidy/SKILL.md": SKILL}
    assert packages.unpack("a.tgz", archive.getvalue()) == {"package/skills/tidy/SKILL.md": SKILL}


def test_an_archive_that_is_not_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "CACHE", tmp_path)
    folder = tmp_path / "packages" / "pypi-tidy-1.0"
    folder.mkdir(parents=True)
    (folder / "tidy-1.0-py3-none-any.whl").write_bytes(b"other")
    package = packages.Package(
        registry="pypi", name="tidy", version="1.0", integrity=packages.integrity(b"this"), use="tune", skills=()
    )
    with pytest.raises(ValueError, match="not the tidy"):
        package.fetch()


def test_the_same_skill_is_pinned_once() -> None:
    padded = SKILL + b"Words that follow.\n" * 20
    files = {"a/skills/tidy/SKILL.md": padded, "b/tidy/SKILL.md": padded, "c/other/README.md": b"none"}
    seen: set[str] = set()
    assert pin.choose(files, seen) == ["a/skills/tidy"]
    assert pin.choose(files, seen) == []


def test_the_pinned_list_is_whole() -> None:
    pinned = packages.pinned()
    assert sum(len(package.skills) for package in pinned) >= 300
    assert {package.use for package in pinned} == {"tune", "held_out"}
    assert len({(package.registry, package.name) for package in pinned}) == len(pinned)
    assert all(package.integrity.startswith("sha512-") for package in pinned)
