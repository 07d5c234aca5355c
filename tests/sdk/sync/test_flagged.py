"""What the scan flags comes to a machine only when somebody agreed to that there, and then once."""

from __future__ import annotations

from skillyard.sdk.disk import remove_tree
from skillyard.sdk.install import install
from tests.makers import FLAGGED
from tests.sdk.sync.machines import Machine, outcomes
from tests.sdk.sync.town import Person, Town


def a_flagged_skill(town: Town, person: Person) -> str:
    slug = f"mirror-{person.name}"
    town.publish(f"acme/{slug}", "1.0.0", dict(FLAGGED))
    with person.client() as client:
        client.import_skill(f"acme/{slug}")
    return slug


def test_a_flagged_skill_waits_for_consent_on_each_machine(town: Town, person: Person, laptop: Machine) -> None:
    slug = a_flagged_skill(town, person)
    report = laptop.sync()
    assert outcomes(report) == {slug: ("install", "flagged")}
    assert report.exit_code == 4
    assert "The scan flagged" in report.skills[0].detail
    assert laptop.tree() == {}
    assert outcomes(laptop.sync(accept_flagged=True)) == {slug: ("install", "done")}
    assert (laptop.skills / slug / "SKILL.md").exists()
    assert outcomes(laptop.sync()) == {slug: ("in_sync", "nothing")}
    assert outcomes(person.machine("desktop").sync()) == {slug: ("install", "flagged")}


def test_the_lock_notes_what_was_agreed_to_and_asks_no_more(town: Town, person: Person, laptop: Machine) -> None:
    slug = a_flagged_skill(town, person)
    laptop.sync(accept_flagged=True)
    with laptop.at() as project:
        lock = project.read_lock()
        assert lock is not None
        assert lock.skills[f"acme/{slug}"].accepted
        assert install(project, laptop.connect()).written is False
    remove_tree(laptop.skills / slug)
    assert outcomes(laptop.sync()) == {slug: ("install", "done")}
