import random
import string

import pytest

from skillyard.skill.scan.rules.secrets import FAMILY
from tests.skill.scan.subjects import found, skill_md, worst

DRAWN = random.Random(11)


def drawn(length, letters=string.ascii_letters + string.digits):
    return "".join(DRAWN.choice(letters) for _ in range(length))


@pytest.mark.parametrize(
    "token",
    [
        "AKIA" + drawn(16, string.ascii_uppercase + "234567"),
        "ghp_" + drawn(36),
        "xoxb-" + drawn(12, string.digits) + "-" + drawn(24),
        "sk_live_" + drawn(30),
        "AIza" + drawn(35),
        "npm_" + drawn(36),
        drawn(9, "123456789") + ":AA" + drawn(33),
    ],
)
def test_a_token_is_a_note_that_shows_four_characters(token):
    (finding,) = [one for one in found(FAMILY, {"scripts/a.py": f"T = '{token}'\n"}) if one.rule.id == "secrets.token"]
    assert finding.severity == "medium"
    assert finding.evidence.endswith(f": {token[:4]}…")
    assert token[4:12] not in finding.evidence


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE", "ghp_" + "x" * 36, "sk-...", "sk-ant-api03-your-key-here", "AIza" + "A" * 35,
        "postgres://user:password@localhost/app", "postgres://app:<password>@db.vendor.invalid/app",
        "API_KEY = 'your-api-key'", "password: ${PASSWORD}", "https://user:token@example.com/a.git",
        "-----BEGIN PRIVATE KEY-----", 'api_key = "the-name-of-the-secret-in-the-vault"',
    ],
)  # fmt: skip
def test_placeholders_and_documented_samples_are_no_secrets(text):
    assert worst(FAMILY, {"SKILL.md": skill_md(text), "config.yaml": text + "\n"}) == {}
