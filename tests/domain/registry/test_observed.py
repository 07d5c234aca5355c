"""What a release did when it ran is kept with it: gaps by name, and nothing of those who ran it."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.registry.observed import entries_of, find_observed, note_observed
from skillyard.domain.registry.scans import get_scan
from skillyard.infra.database import Database
from skillyard.sandbox.model import Observed
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import NO_PERMISSIONS, Permissions
from tests.makers import a_person, a_release, make_app

DECLARED = Permissions(
    network_outbound=("*.example.com", "api.example.org:443"),
    filesystem_read=("data/**",),
    filesystem_write=("out/**",),
    subprocess=True,
)


def test_what_is_declared_is_kept_as_its_pattern() -> None:
    observed = Observed(
        hosts=("secret-customer.example.com:443", "api.example.org:443"),
        files_read=("data/payroll/jones.csv", "handed-over.pdf"),
        files_written=("out/jones-2026.txt",),
        programs=("/usr/bin/git",),
    )
    assert set(entries_of(DECLARED, observed)) == {
        ("hosts", "*.example.com", False),
        ("hosts", "api.example.org:443", False),
        ("files_read", "data/**", False),
        ("files_written", "out/**", False),
        ("programs", "/usr/bin/git", False),
    }


def test_what_was_tried_beyond_it_is_a_gap_and_tells_no_file_names() -> None:
    observed = Observed(
        hosts_refused=("collect.attacker.example:443", "[2001:db8::1]:80"),
        programs_refused=("/usr/bin/curl", "/work/tool", "payroll-jones"),
        files_refused=("payroll/jones.csv", "/work/jones.txt", "/etc/shadow", "jones", "~/.ssh/id_jones"),
        other_refused=("ptrace", "mount"),
    )
    found = list(entries_of(NO_PERMISSIONS, observed))
    assert all(is_gap for _, _, is_gap in found)
    values = {(kind, value) for kind, value, _ in found}
    assert ("hosts_refused", "collect.attacker.example:443") in values
    assert ("programs_refused", "/usr/bin/curl") in values
    assert ("files_refused", "/etc/shadow") in values
    assert ("files_refused", "*.csv") in values
    assert ("other_refused", "ptrace") in values
    assert not [value for _, value in values if "jones" in value]


@pytest.mark.parametrize("value", ["a" * 10_000, "\udcff\udc80", "\0", "x\ny", "../../" * 100, "/", ""])
def test_hostile_names_are_kept_short_and_readable(database: Database, value: str) -> None:
    observed = Observed(files_refused=(value,), other_refused=(value,), hosts_refused=(value,), programs=(value,))
    with database.transaction() as tx:
        note_observed(tx, "rel_1", NO_PERMISSIONS, observed, now_ms=1)
        found = find_observed(tx, "rel_1")
    assert found is not None
    for gap in found["gaps"]:
        assert len(gap["value"]) <= 200
        assert gap["value"].isprintable()


def test_a_profile_grows_run_by_run_up_to_a_bound(database: Database) -> None:
    with database.transaction() as tx:
        assert find_observed(tx, "rel_1") is None
        for number in range(60):
            hosts = tuple(f"h{number}-{other}.example:443" for other in range(10))
            note_observed(tx, "rel_1", NO_PERMISSIONS, Observed(hosts_refused=hosts), now_ms=number)
        found = find_observed(tx, "rel_1")
    assert found is not None
    assert found["runs"] == 60
    assert len(found["gaps"]) == 200
    assert found["gaps"][0]["text"].startswith("tried to contact h0-0.example:443")


def test_the_scan_of_a_release_says_what_it_did_here(tmp_path: Path) -> None:
    app: App = make_app(tmp_path)
    ada = a_person(app)
    release = a_release(app, ada)
    name = SkillName.parse("ada/pdf")
    assert get_scan(app, ada, name=name, version="latest").observed is None
    with app.database.transaction() as tx:
        note_observed(tx, release.id, NO_PERMISSIONS, Observed(programs_refused=("/bin/sh",)), now_ms=5)
    observed = get_scan(app, ada, name=name, version="latest").observed
    assert observed is not None
    assert observed["gaps"] == [
        {
            "kind": "programs_refused",
            "value": "/bin/sh",
            "text": "tried to start /bin/sh, which it does not declare",
        }
    ]
    app.close()
