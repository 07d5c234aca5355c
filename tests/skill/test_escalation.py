from __future__ import annotations

import pytest

from skillyard.skill.escalation import bump_between, check_escalation
from skillyard.skill.permissions import NO_PERMISSIONS, Permissions
from skillyard.skill.versions import Version

HOST = Permissions(network_outbound=("api.example.com",))
PROGRAMS = Permissions(subprocess=True)
PROJECT_PATH = Permissions(filesystem_read=("data/**",))
HOME_PATH = Permissions(filesystem_read=("~/notes/**",))
WRITES = Permissions(filesystem_write=("out/**",))
PLAIN_VARIABLE = Permissions(environment=("LANG_CODE",))
SECRET_VARIABLE = Permissions(environment=("WEATHER_API_KEY",))
INTEGRATION = Permissions(integrations=("github",))
HARMLESS = (PROJECT_PATH, PLAIN_VARIABLE)
GRAVE = (HOST, PROGRAMS, HOME_PATH, WRITES, SECRET_VARIABLE, INTEGRATION)


@pytest.mark.parametrize(
    ("old", "new", "bump"),
    [
        ("1.0.0", "1.0.1", "patch"),
        ("1.0.0-rc.1", "1.0.0", "patch"),
        ("1.0.9", "1.1.0", "minor"),
        ("1.9.9", "2.0.0", "major"),
        ("0.1.0", "0.2.0", "minor"),
    ],
)
def test_the_bump_is_the_first_number_that_differs(old: str, new: str, bump: str) -> None:
    assert bump_between(Version.parse(old), Version.parse(new)) == bump


@pytest.mark.parametrize("new", [*HARMLESS, *GRAVE])
def test_a_patch_adds_nothing_and_a_major_version_anything(new: Permissions) -> None:
    (fault,) = check_escalation("1.0.0", NO_PERMISSIONS, "1.0.1", new)
    assert fault.code == "permission_escalation"
    assert check_escalation("1.0.0", NO_PERMISSIONS, "2.0.0", new) == []


@pytest.mark.parametrize("new", HARMLESS)
def test_a_minor_version_adds_what_is_harmless(new: Permissions) -> None:
    assert check_escalation("1.0.0", NO_PERMISSIONS, "1.1.0", new) == []
    (fault,) = check_escalation("1.0.0", NO_PERMISSIONS, "1.0.1", new)
    assert "1.1.0" in fault.hint


@pytest.mark.parametrize("new", GRAVE)
def test_a_minor_version_adds_nothing_else(new: Permissions) -> None:
    (fault,) = check_escalation("1.0.0", NO_PERMISSIONS, "1.1.0", new)
    assert "2.0.0" in fault.hint


@pytest.mark.parametrize("old", [*HARMLESS, *GRAVE])
def test_removing_is_always_allowed(old: Permissions) -> None:
    assert check_escalation("1.0.0", old, "1.0.1", NO_PERMISSIONS) == []


def test_what_a_wider_pattern_covered_is_not_new() -> None:
    wide = Permissions(network_outbound=("*.example.com",), filesystem_read=("data/**",))
    narrow = Permissions(network_outbound=("api.example.com",), filesystem_read=("data/a.csv",))
    assert check_escalation("1.0.0", wide, "1.0.1", narrow) == []
    assert len(check_escalation("1.0.0", narrow, "1.0.1", wide)) == 2
