"""Lists of plugins: valid for the vendors' own validators, and installed from by the vendors' own command lines."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from skillyard.api.asgi import build_asgi
from skillyard.api.entrance import Entrance
from skillyard.api.native.documents import Documents
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.collections import create_collection, update_collection
from skillyard.domain.drive.items import add_item, remove_item
from skillyard.domain.registry.model import Visibility
from skillyard.domain.registry.sale import set_sale
from skillyard.domain.registry.visibility import set_visibility
from skillyard.infra.clock import FixedClock
from skillyard.skill.names import SkillName
from tests.api.agents.clients import Agent, claude, codex, copilot
from tests.api.asgi import Answer, call
from tests.docs.test_quoted_commands import commands
from tests.journeys.running import a_server
from tests.makers import FAILING, FLAGGED, a_person, a_release, make_app

REGISTRY, COLLECTION = "/marketplace.json", "/marketplace/collections/acme.team-1.json"
PDF, CSV = SkillName("ada", "pdf"), SkillName("ada", "csv")


@dataclass(frozen=True)
class Served:
    """A registry with skills and a public collection of two of them; what is published later is served, too."""

    app: App
    ada: Caller
    url: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("market")
    app = make_app(folder)
    ada = _furnish(app)
    with a_server(folder / "data", worker=False) as server:
        yield Served(app, ada, server.url)
    app.close()


def _furnish(app: App) -> Caller:
    ada = a_person(app, "ada")
    description = "Reads “quoted” text: größer, <b>bold</b> & more. Use it for PDF work."
    a_release(app, ada, "ada/pdf", description=description.replace('"', ""), tags="pdf, text")
    a_release(app, ada, "ada/csv", files={"scripts/run.sh": "echo\n"})
    for name in (PDF, CSV):
        add_item(app, ada, name=name)
    create_collection(app, ada, name="acme.team-1", skills=[CSV], is_public=True)
    return ada


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def app(tmp_path: Path, clock: FixedClock) -> Iterator[App]:
    made = make_app(tmp_path, clock=clock)
    yield made
    made.close()


@pytest.fixture
def site(app: App) -> Entrance:
    return build_asgi(app, Documents(app))


def get(site: Entrance, path: str = REGISTRY, **headers: str) -> Answer:
    return call(site, "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def plugins(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.body
    return [plugin["name"] for plugin in answer.json()["plugins"]]


def follow_guide(agent: Agent, served: Served) -> None:
    """Type what stands there for this agent."""
    typed = [shlex.split(line) for line in commands("docs/guide/agents.md") if line.startswith(f"{agent.name} ")]
    assert len(typed) == 2
    for _, *arguments in typed:
        agent.run(*[argument.replace("$REGISTRY", served.url) for argument in arguments])


def test_claude_code_finds_nothing_wrong_and_installs(served: Served, tmp_path: Path) -> None:
    agent = claude(tmp_path / "home")
    for path in (REGISTRY, COLLECTION):
        file = tmp_path / Path(path).name / ".claude-plugin/marketplace.json"
        file.parent.mkdir(parents=True)
        file.write_bytes(httpx.get(served.url + path, trust_env=False).content)
        assert "Validation passed" in agent.run("plugin", "validate", "--strict", str(file.parents[1]))
    follow_guide(agent, served)
    skill = agent.home / ".claude/plugins/cache/skillyard/ada--csv/1.0.0/skills/csv"
    assert "name: csv" in (skill / "SKILL.md").read_text()
    assert (skill / "scripts/run.sh").exists()


def test_copilot_installs_from_the_same_address(served: Served, tmp_path: Path) -> None:
    agent = copilot(tmp_path / "home")
    follow_guide(agent, served)
    assert (agent.home / ".copilot/installed-plugins/skillyard/ada--csv/skills/csv/SKILL.md").exists()
    assert "added successfully" in agent.run("plugin", "marketplace", "add", served.url + COLLECTION)


def test_codex_installs_and_tells_its_model(served: Served, tmp_path: Path) -> None:
    agent = codex(tmp_path / "home")
    follow_guide(agent, served)
    assert "ada--csv:csv" in agent.run("debug", "prompt-input")
    agent.run("plugin", "marketplace", "add", f"{served.url}/git/marketplace/collections/acme.team-1.git")


def test_only_what_everybody_may_have_and_nothing_speaks_against_is_listed(app: App, site: Entrance) -> None:
    ada = a_person(app, "ada")
    for slug, more in (("good", None), ("flagged", FLAGGED), ("failing", FAILING)):
        a_release(app, ada, f"ada/{slug}", files=more)
    a_release(app, ada, "ada/private", visibility="private")
    a_release(app, ada, "ada/unlisted", visibility="unlisted")
    a_release(app, ada, "ada/sold")
    set_sale(app, ada, name=SkillName("ada", "sold"), is_for_sale=True)
    assert plugins(get(site)) == ["ada--good"]


def test_the_list_is_kept_for_five_minutes(app: App, clock: FixedClock, site: Entrance) -> None:
    ada = a_person(app, "ada")
    first = get(site)
    assert (plugins(first), first.headers["cache-control"]) == ([], "public, max-age=300")
    a_release(app, ada, "ada/pdf")
    assert get(site, if_none_match=first.headers["etag"]).status == 304
    clock.move(seconds=300)
    assert plugins(get(site, if_none_match=first.headers["etag"])) == ["ada--pdf"]


def test_a_collection_is_listed_while_it_is_public_and_as_it_is(app: App, site: Entrance) -> None:
    ada = _furnish(app)
    assert plugins(get(site, COLLECTION)) == ["ada--csv"]
    set_visibility(app, ada, name=CSV, visibility=Visibility.PRIVATE)
    assert plugins(get(site, COLLECTION)) == []
    set_visibility(app, ada, name=CSV, visibility=Visibility.PUBLIC)
    remove_item(app, ada, name=CSV)
    assert plugins(get(site, COLLECTION)) == []
    update_collection(app, ada, name="acme.team-1", is_public=False)
    refused = get(site, COLLECTION)
    assert (refused.status, refused.json()["error"]["code"]) == (404, "collection_not_found")
    for wrong in ("none", "..%2f..%2fetc", "%00", "x" * 200):
        assert get(site, f"/marketplace/collections/{wrong}.json").status in (404, 422)


def test_nobody_takes_a_namespace_whose_pages_would_be_hidden(app: App, site: Entrance) -> None:
    assert get(site, "/marketplace").status != 200
    assert get(site, "/git").status == 404
