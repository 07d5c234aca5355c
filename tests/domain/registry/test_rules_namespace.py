"""A skill that names its namespace is published there, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillyard.domain.registry.errors import SkillRefused
from tests.makers import a_person, a_release, make_app


def test_a_skill_that_belongs_elsewhere_is_refused(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    ada = a_person(app, "ada")
    with pytest.raises(SkillRefused) as caught:
        a_release(app, ada, files={"tank.json": '{"name": "@acme/pdf", "version": "1.0.0"}'})
    assert [fault["code"] for fault in caught.value.faults if fault["severity"] == "error"] == ["namespace_differs"]
    assert a_release(app, ada, files={"tank.json": '{"name": "@ada/pdf", "version": "1.0.0"}'}).version == "1.0.0"
    app.close()
