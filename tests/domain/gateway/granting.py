"""A registry with GitHub behind its gateway, and somebody whose skills call it when they are granted to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.connect.connections import add_key
from skillyard.domain.gateway.consent.grant import Grant
from skillyard.domain.gateway.consent.grants import give
from skillyard.domain.registry.model import Release
from skillyard.infra.envelope import Secret
from skillyard.settings import IntegrationSettings
from skillyard.skill.names import SkillName
from tests.domain.gateway.upstream import Upstream, upstream
from tests.makers import a_person, a_release, make_app

NAME = SkillName.parse("ada/bot")
KEY = "ghp_a-key-that-nobody-sees-again"
CREATE_ISSUE = "github.create_issue"
CALL = """
import json, os, sys, urllib.error, urllib.request

def call(action, params, lease=None):
    integration, _, endpoint = action.partition('.')
    address = f"{os.environ['SKILLYARD_GATEWAY']}/v1/{integration}/{endpoint}"
    headers = {'authorization': f"Bearer {lease or os.environ['SKILLYARD_LEASE']}"}
    asked = urllib.request.Request(address, json.dumps({'params': params}).encode(), headers)
    try:
        return json.load(urllib.request.urlopen(asked, timeout=60))
    except urllib.error.HTTPError as error:
        return {'http': error.code, **json.load(error)}

if __name__ == '__main__':
    print(json.dumps(call(sys.argv[1], json.loads(sys.argv[2]), *sys.argv[3:])))
"""


@dataclass(frozen=True)
class Town:
    app: App
    ada: Caller
    github: Upstream

    def publish(
        self, version: str = "1.0.0", *, declares: Sequence[str] = (CREATE_ISSUE,), permissions: Any = None, **more: str
    ) -> Release:
        """A release of ada/bot with a script that calls; `more`: other files, `notes__txt="…"`."""
        stated = {"integrations": list(declares), **(permissions or {})}
        files = {"scripts/call.py": CALL, "skills.json": json.dumps({"permissions": stated})}
        files |= {path.replace("__", "."): text for path, text in more.items()}
        return a_release(self.app, self.ada, str(NAME), version, files=files)

    def give(self, version: str = "1.0.0", action: str = CREATE_ISSUE, **more: Any) -> Grant:
        return give(self.app, more.pop("caller", self.ada), name=NAME, version=version, action=action, **more)


@contextmanager
def a_town(folder: Path, **settings: Any) -> Iterator[Town]:
    with upstream() as github:
        integrations = {"github": IntegrationSettings(base_url=github.url)}
        app = make_app(folder, integrations=integrations, outbound_http_loopback=True, **settings)
        ada = a_person(app)
        add_key(app, ada, integration="github", secrets={"secret": Secret(KEY)}, variables={})
        yield Town(app, ada, github)
        app.close()
