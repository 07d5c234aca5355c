"""The commands of the quick start, the publishing guide and the README, typed as they stand there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import build
from skillyard.domain.payments.jobs import mature_sales
from skillyard.settings import Settings
from tests.journeys.running import Server, a_server, a_skill, clean_environment, typed
from tests.makers import FLAGGED
from tests.peers.stripe.peer import Peer
from tests.peers.stripe.server import serving
from tests.peers.ton.driver import WALLET_WORDS, TonPeer

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "skills"
RUN_BY_OTHERS = ("skillyard serve", "skillyard worker", "make ", "export ")  # they go on running, or set things up
EXIT = re.compile(r"# exit (\d)$")
PLAIN = re.compile(r"skillyard (?!serve|worker|doctor|backup|restore|sign-in-link|demo|work )[^$|&;<>`~*?(){}\\#]*")
WAITS_FOR_A_BROWSER = re.compile(r"skillyard login http://\S+$")


def commands(page: str) -> list[str]:
    """What stands after `$` in the console blocks of a page; lines that end in a backslash go on."""
    text = (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


class Reader:
    """Somebody who follows a page on a machine of their own, against a real server."""

    def __init__(self, home: Path, server: Server, username: str) -> None:
        self.folder = home / "work"
        self.folder.mkdir(parents=True)
        bin_folder = str(Path(sys.executable).parent)
        self.environment = clean_environment() | {
            "HOME": str(home),
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "SKILLYARD_CONFIG_DIR": str(home / "config"),
            "SKILLYARD_CACHE_DIR": str(home / "cache"),
            "SKILLYARD_DATA_DIR": str(home.parent / "server"),
            "SKILLYARD_REGISTRY": server.url,
            "LINK": server.link or "",
        }
        self.server = server
        self.username = username

    def type(self, command: str, *, expect: int = 0) -> str:
        command = command.replace("http://127.0.0.1:8400", self.server.url)
        done = self._do(command)
        assert done.returncode == expect, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _do(self, command: str) -> subprocess.CompletedProcess[str]:
        """By a shell, unless no shell is needed: then in this process, which takes a tenth of the time."""
        if PLAIN.fullmatch(command):
            return typed(shlex.split(command)[1:], environment=self.environment, folder=self.folder)
        return subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def follow(self, page: str) -> list[str]:
        typed = []
        for command in commands(page):
            if command.startswith(RUN_BY_OTHERS) or WAITS_FOR_A_BROWSER.search(command):
                continue
            self.type(command, expect=1 if command == "skillyard outdated" and self.has_outdated() else 0)
            typed.append(command)
        return typed

    def has_outdated(self) -> bool:
        done = subprocess.run(
            ["skillyard", "outdated", "--json"], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return bool(json.loads(done.stdout))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path / "server") as running:
        yield running


def test_the_quick_start_works_word_by_word(server: Server, tmp_path: Path) -> None:
    reader = Reader(tmp_path / "home", server, "ada")
    first, *_ = [command for command in commands("docs/guide/quickstart.md") if "--link" in command]
    reader.type(first)
    reader.environment["TOKEN"] = reader.type(
        "skillyard tokens create reading --scope read --scope publish --scope manage"
    ).strip()
    reader.environment["LINK"] = ""
    page = [command for command in commands("docs/guide/quickstart.md") if "--link" not in command]
    typed = [command for command in page if not command.startswith(RUN_BY_OTHERS)]
    assert len(typed) >= 12
    for command in typed:
        if not WAITS_FOR_A_BROWSER.search(command) and not command.startswith("skillyard restore"):
            reader.type(command)
    assert (reader.folder / ".claude/skills/hello/SKILL.md").is_file()
    assert (reader.folder / "registry.tar").is_file()


def test_the_publishing_guide_works_word_by_word(server: Server, tmp_path: Path) -> None:
    reader = Reader(tmp_path / "home", server, "yard")
    reader.type(f"skillyard login --link {shlex.quote(server.link or '')} --username yard")
    reader.type("skillyard namespaces create acme")
    shutil.copytree(EXAMPLES / "text-kit", reader.folder / "text-kit")
    shutil.copytree(EXAMPLES / "csv-tables", reader.folder / "csv-tables")
    reader.type("skillyard publish text-kit")
    for command in commands("docs/guide/publish.md"):
        prepare(reader, command)
        reader.type(command)


def prepare(reader: Reader, command: str) -> None:
    """What the guide takes for granted between two of its commands: the author has raised the version."""
    skill = reader.folder / "csv-tables" / "SKILL.md"
    if "2.0.0-rc.1" in command:
        skill.write_text(skill.read_text().replace('  version: "1.0.0"\n', ""))
    if command.endswith("--json"):
        skill.write_text(skill.read_text().replace("metadata:\n", 'metadata:\n  version: "1.1.0"\n'))


def test_the_trust_guide_works_word_by_word(server: Server, tmp_path: Path) -> None:
    reader = Reader(tmp_path / "home", server, "yard")
    reader.type(f"skillyard login --link {shlex.quote(server.link or '')} --username yard")
    for version in ("1.0.0", "1.0.1"):
        shutil.copytree(EXAMPLES / "text-kit", reader.folder / "text-kit", dirs_exist_ok=True)
        skill = reader.folder / "text-kit" / "SKILL.md"
        skill.write_text(re.sub(r'version: "[^"]+"', f'version: "{version}"', skill.read_text()))
        reader.type("skillyard publish text-kit")
    mirror = a_skill(reader.folder / "mirror", "mirror")
    for path, text in FLAGGED.items():
        (mirror / path).write_text(text)
    reader.type("skillyard publish mirror")
    typed = commands("docs/guide/trust.md")
    assert len(typed) >= 18
    for command in typed:
        prepare_for_trust(reader, command)
        reader.type(command, expect=int(found[1]) if (found := EXIT.search(command)) else 0)


def prepare_for_trust(reader: Reader, command: str) -> None:
    """What happens between two commands of the guide: somebody reads an id off the screen, and a minute passes."""
    if "$APPEAL" in command:
        reader.environment["APPEAL"] = json.loads(reader.type("skillyard review list --json"))[0]["id"]
    if "theirs.txt" in command:
        shutil.copy(reader.folder / "mine.txt", reader.folder / "theirs.txt")
    if command.startswith("skillyard recall"):
        reader.type("skillyard install yard/text-kit@1.0.0 --agent claude-code")
        manifest = reader.folder / "skillyard.json"
        manifest.write_text(manifest.read_text().replace('"yard/text-kit": "1.0.0"', '"yard/text-kit": "^1.0.0"'))
    if command.startswith("skillyard audit"):
        shutil.rmtree(Path(reader.environment["SKILLYARD_CACHE_DIR"]) / "recalls", ignore_errors=True)


def test_the_guide_to_publishing_from_ci_works_word_by_word(tmp_path: Path) -> None:
    issuers = "gitlab=https://gitlab.example.org https://login.example.org"
    with a_server(tmp_path / "server", trusted_issuers=issuers) as server:
        reader = Reader(tmp_path / "home", server, "ada")
        reader.type(f"skillyard login --link {shlex.quote(server.link or '')} --username ada")
        reader.type("skillyard namespaces create acme")
        typed = commands("docs/guide/trusted-publishing.md")
        assert len(typed) >= 6
        for command in typed:
            if "$PUBLISHER" in command:
                known = json.loads(reader.type("skillyard trust list acme --json"))
                reader.environment["PUBLISHER"] = known[0]["id"]
            reader.type(command)


WALLET = "UQBN3sYUG31y6dhrWUhuJy_IJ3w0TLyyf020YZPAdu1OBkSn"  # that of WALLET_WORDS


def test_the_selling_guide_works_word_by_word(tmp_path: Path, ton_peer: TonPeer) -> None:
    """With Stripe's test mode played by a peer: its key, its secrets, its card."""
    with serving(Peer()) as stripe:
        settings = {
            "stripe_secret_key": "sk_test_peer",
            "stripe_webhook_secrets": "whsec_one whsec_two",
            "stripe_api_url": stripe.url,
            "ton_wallet_words": WALLET_WORDS,
            "ton_api_url": ton_peer.url,
            "outbound_http_loopback": "true",
            "maturity_days": "0",
            "payout_cooling_hours": "0",
        }
        with a_server(tmp_path / "server", **settings) as server:
            for secret, connected in (("whsec_one", False), ("whsec_two", True)):
                stripe.add_endpoint(f"{server.url}/api/v1/webhooks/stripe", secret, connect=connected)
            ton_peer.send(WALLET, 10**10)
            typed = SellingGuide(server, stripe, tmp_path, settings).follow()
    assert len(typed) >= 25


class SellingGuide:
    """Ada and Grace, each at a machine of their own; what stands before a block of commands says whose turn it is."""

    def __init__(self, server: Server, stripe: Peer, home: Path, settings: dict[str, str]) -> None:
        self.stripe = stripe
        self.data = home / "server"
        self.ada, self.grace = (Reader(home / name, server, name) for name in ("ada", "grace"))
        self.ada.environment |= {f"SKILLYARD_{name.upper()}": value for name, value in settings.items()}
        self.ada.type(f"skillyard login --link {shlex.quote(server.link or '')} --username ada")
        for guest in (self.grace, Reader(home / "linus", server, "linus")):
            link = self.ada.type("skillyard sign-in-link").strip()
            guest.type(f"skillyard login --link {shlex.quote(link)} --username {guest.username}")
        for name in ("report", "charts"):
            a_skill(self.ada.folder / name, name)
        (self.ada.folder / "sale.md").write_text("# Reports that boards read\n")
        self.ada.environment["WALLET"] = "0:" + "5e" * 32

    def follow(self) -> list[str]:
        text = (ROOT / "docs/guide/sell.md").read_text(encoding="utf-8")
        typed, reader = [], self.ada
        for said, block in re.findall(r"((?:(?!```).)*)```console\n(.*?)```", text, re.DOTALL):
            turn = re.findall(r"As (ada|grace)|As the (operator)", said)
            if turn:
                reader = self.grace if "grace" in turn[-1] else self.ada
            for command in [line.removeprefix("$ ") for line in block.splitlines()]:
                if not command.startswith(RUN_BY_OTHERS):
                    self.prepare(command)
                    reader.type(command, expect=int(found[1]) if (found := EXIT.search(command)) else 0)
                    typed.append(command)
        return typed

    def prepare(self, command: str) -> None:
        """What happens between two commands: people read ids, a card is used, a seller fills in a form, days pass."""
        if command.startswith("skillyard refund"):
            self.ada.environment["INVOICE"] = json.loads(self.ada.type("skillyard sales --json"))[0]["invoice_id"]
        if command.startswith("skillyard buy ada/charts"):
            self.ada.type("skillyard publish charts --visibility private")
            self.ada.type("skillyard sell ada/charts")
            self.ada.type("skillyard price ada/charts 79.00")
        if command.startswith('skillyard invoice "$INVOICE"'):
            (invoice,) = json.loads(self.grace.type("skillyard invoice --json"))[:1]
            self.grace.environment["INVOICE"] = invoice["id"]
            self.stripe.pay(invoice["pay_to"]["checkout_url"].rpartition("/")[2])
        if command.startswith("skillyard payouts set-stripe"):
            account = json.loads(self.ada.type("skillyard payouts connect --json"))["account"]["account_id"]
            self.stripe.finish_onboarding(account)
            self.ada.environment["ACCOUNT"] = account
        if command.startswith("skillyard payouts request"):
            app = build(Settings(data_dir=self.data))
            mature_sales(app)
            app.close()


def test_the_readme_works_word_by_word(server: Server, tmp_path: Path) -> None:
    reader = Reader(tmp_path / "home", server, "yard")
    reader.type(f"skillyard login --link {shlex.quote(server.link or '')} --username yard")
    for name in ("text-kit", "csv-tables", "svg-charts", "data-report"):
        reader.type(f"skillyard publish {shlex.quote(str(EXAMPLES / name))}")
    typed = reader.follow("README.md")
    assert len(typed) >= 5
    code = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert code
    for snippet in code:
        script = snippet.replace("http://127.0.0.1:8400", server.url)
        done = subprocess.run(
            [sys.executable, "-c", script], env=reader.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "yard/csv-tables" in done.stdout
