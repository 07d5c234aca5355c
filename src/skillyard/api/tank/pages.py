"""What is read of skills, rendered: by the routes for whoever asks, and ahead of time for everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skillyard.api.native.answers import json_body
from skillyard.api.tank import wire
from skillyard.api.tank.addresses import base_url
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import tarballs
from skillyard.domain.registry.errors import NotScannedYet
from skillyard.domain.registry.history import list_offered
from skillyard.domain.registry.releases import get_release
from skillyard.domain.registry.scans import get_scan
from skillyard.domain.registry.skill import get_skill
from skillyard.skill.names import SkillName


def render_metadata(app: App, caller: Caller, name: SkillName) -> bytes:
    return json_body(wire.show_metadata(get_skill(app, caller, name=name)))


def render_versions(app: App, caller: Caller, name: SkillName) -> bytes:
    """Those that a new install may choose: a flagged one among them is handed out only with consent."""
    offered = list_offered(app, caller, name=name)
    return json_body(wire.show_versions(str(name), tarballs.list_integrities(app, offered)))


def render_detail(app: App, caller: Caller, name: SkillName, version: str) -> bytes:
    """With an address for the tarball that is good for an hour from now."""
    release = get_release(app, caller, name=name, version=version)
    skill = get_skill(app, caller, name=name).skill
    integrity = tarballs.integrity_of(app, release)
    address = wire.download_url(base_url(app), tarballs.sign_address(app, caller, release))
    return json_body(wire.show_detail(release, skill, integrity, address, findings_of(app, caller, name, version)))


def render_found(app: App, caller: Caller, name: SkillName) -> bytes:
    """One result of a search."""
    return json_body(wire.show_found(get_skill(app, caller, name=name)))


def render_search(items: Sequence[bytes], *, page: int, limit: int, total: int) -> bytes:
    """`items` are results that were rendered before."""
    return b'{"results":[%s],"page":%d,"limit":%d,"total":%d}' % (b",".join(items), page, limit, total)


def render_in_top(app: App, caller: Caller, name: SkillName) -> bytes:
    """One entry of the list of the most downloaded."""
    page = get_skill(app, caller, name=name)
    findings = findings_of(app, caller, name, page.latest.version) if page.latest else []
    return json_body(wire.show_top(page, findings))


def render_top(items: Sequence[bytes], *, total: int) -> bytes:
    """Everything here is the registry's own: nothing is external."""
    return b'{"internal":[%s],"external":[],"total":%d}' % (b",".join(items), total)


def findings_of(app: App, caller: Caller, name: SkillName, version: str) -> Sequence[Mapping[str, Any]]:
    try:
        report = get_scan(app, caller, name=name, version=version).report
    except NotScannedYet:
        return []
    findings: Sequence[Mapping[str, Any]] = report["findings"]
    return findings
