"""Every test has its own home, settings, cache and project; nothing of the developer's is read or written."""

from pathlib import Path

import pytest

from skillyard.sdk.client import Client
from skillyard.sdk.project import Project, find_project
from tests.sdk.stand_in import StandIn


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    for name in ("SKILLYARD_REGISTRY", "SKILLYARD_TOKEN", "CLAUDE_CONFIG_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SKILLYARD_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("SKILLYARD_CACHE_DIR", str(tmp_path / "cache"))
    return home


@pytest.fixture
def registry():
    stand_in = StandIn()
    yield stand_in
    stand_in.close()


@pytest.fixture
def naps():
    """How long the client would have slept."""
    return []


@pytest.fixture
def client(registry, naps):
    with Client(registry.url, "sky_good", sleep=naps.append, timeout_s=5) as connected:
        yield connected


@pytest.fixture
def project(tmp_path) -> Project:
    folder = tmp_path / "project"
    (folder / ".claude").mkdir(parents=True)
    return find_project(folder)


@pytest.fixture
def skills_dir(project) -> Path:
    return project.base / ".claude" / "skills"
