"""The guide on steps: its commands are typed, its scripts are run, its settings are settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from skillyard.infra.clock import FixedClock
from skillyard.settings import Settings
from tests.domain.market.sealed import JS, PY, output, script, sealed
from tests.domain.market.stall import Stall, a_stall
from tests.journeys.running import a_server, sign_in
from tests.makers import make_app

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "guide" / "steps.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_commands_do_as_the_guide_says(tmp_path: Path) -> None:
    with a_server(tmp_path / "server", worker=False) as server:
        ada = sign_in(server, tmp_path / "ada", "ada")
        lines = [line for block in blocks("console") for line in block.splitlines()]
        assert len(lines) == 3
        for line in lines:
            typed, _, from_file = line.removeprefix("$ skillyard ").partition(" < ")
            words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', typed)]
            ada.run(*words, stdin="a-key-in-a-file" if from_file else None)
        assert [one["provider"] for one in ada.data("credentials", "list")] == ["github", "openai"]


def test_the_scripts_run_as_they_stand_there(tmp_path: Path) -> None:
    (in_python,), (in_javascript,) = blocks("python"), blocks("javascript")
    fetched = "globalThis.fetch = async () => ({ ok: true, text: async () => 'three little words' });\n"
    clock = FixedClock()
    app = make_app(tmp_path, clock=clock)
    stall: Stall = a_stall(app, clock)
    steps = [{**script(JS, fetched + in_javascript), "label": "fetch"}, script(PY, in_python)]
    assert output(stall, sealed(stall, *steps, output_schema={"type": "object"})) == {"words": 3}
    app.close()


def test_the_settings_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    for line in lines:
        name, _, value = line.removeprefix("export ").partition("=")
        monkeypatch.setenv(name, value.strip('"').replace("$(openssl rand -base64 32)", "A" * 43 + "="))
    settings = Settings()
    assert settings.llm["house"].needs_key is False
    assert settings.llm["house"].base_url == "https://llm.internal.example/v1"
    assert settings.vault_keys.get_secret_value().startswith("2027=")
    named = set(re.findall(r"SKILLYARD_([A-Z_]+)", PAGE))
    assert {name for name in named if "__" not in name} <= {name.upper() for name in Settings.model_fields}
