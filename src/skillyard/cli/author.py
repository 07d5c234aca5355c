"""Write a skill, check it, publish it, and take care of its releases."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError
from skillyard.sdk.package import Package, read_package, write_package

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
_MEANING = {"flagged": "installed only with consent", "quarantined": "not handed out", "recalled": "not handed out"}
Visibility = Literal["public", "unlisted", "private"]


def init(
    name: str,
    /,
    *,
    description: str = "What it does, and when to use it.",
    path: Path | None = None,
    json: Json = False,
) -> None:
    """Make a new skill: a folder NAME with a SKILL.md that passes every check."""
    from skillyard.sdk.package import scaffold

    folder = scaffold(name, description, path or Path(name))
    if json:
        return show.data({"folder": str(folder), "files": ["SKILL.md"]})
    show.line("Made {folder}/SKILL.md", folder=folder)
    show.talk("[dim]Fill it in, then[/] skillyard publish --namespace YOU {folder}", folder=folder)
    return None


def pack(
    folder: Path = Path(), /, *, output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    format: Literal["zip", "tar.gz"] = "zip", json: Json = False,
) -> None:  # fmt: skip
    """Check a skill and pack it reproducibly: the same folder gives the same bytes on every machine."""
    package = read_package(folder)
    _warn(package)
    archive = write_package(package, output, format=format)
    facts = {
        **package.show(),
        "archive": str(archive),
        "sha256": _sha256(archive),
        "size_bytes": archive.stat().st_size,
    }
    if json:
        return show.data(facts)
    show.line("{archive}  [dim]{size} bytes[/]", archive=archive, size=facts["size_bytes"])
    show.line("[dim]digest[/] {digest}", digest=facts["digest"])
    show.line("[dim]sha256[/] {sha256}", sha256=facts["sha256"])
    return None


def publish(
    folder: Path = Path(), /, *,
    namespace: Annotated[str | None, Parameter(name=["--namespace", "-n"], help="Where to; else your own.")] = None,
    version: Annotated[str | None, Parameter(help="Only when the skill itself names none.")] = None,
    visibility: Visibility | None = None, channel: str | None = None,
    dry_run: Annotated[bool, Parameter(negative="", help="Run every check of the server and store nothing.")] = False,
    two_phase: Annotated[bool, Parameter(negative="", help="Upload to a signed address, then confirm.")] = False,
    oidc: Annotated[bool, Parameter(negative="", help="In CI: publish with the job's identity, not a token.")] = False,
    registry: Registry = None, json: Json = False,
) -> None:  # fmt: skip
    """Check, pack and publish a skill folder as a release that never changes again."""
    import tempfile

    package = read_package(folder)
    if not json:
        _warn(package)
    with _connect(registry, package, namespace, oidc) as client, tempfile.TemporaryDirectory() as scratch:
        name = f"{namespace or client.me()['user']['username']}/{package.name}"
        archive = write_package(package, Path(scratch) / f"{package.name}.zip")
        with show.progress(f"Publishing {name}"):
            answer = _send(client, name, archive, dry_run, two_phase, visibility, channel, version)
    if json:
        show.data(answer)
    elif dry_run:
        _show_verdict(name, answer)
    else:
        _show_release(answer)
    if not answer.get("ok", True) or (answer["release"] and answer["release"].get("status") == "quarantined"):
        sys.exit(1)


def yank(
    release: str, /, *, reason: str | None = None,
    undo: Annotated[bool, Parameter(negative="", help="Offer it again.")] = False,
    registry: Registry = None, json: Json = False,
) -> None:  # fmt: skip
    """Stop offering a release (ns/slug@1.2.0) to new installs; locked ones keep working."""
    name, version = _release(release)
    if not undo and not reason:
        raise UsageError("A yank needs a reason.", code="reason_missing", hint="Say why with --reason TEXT.")
    with Client(registry) as client:
        answer = client.unyank(name, version) if undo else client.yank(name, version, reason or "")
    if json:
        return show.data(answer)
    show.line("{release} is {state}", release=release, state="offered again" if undo else "yanked")
    return None


def deprecate(
    skill: str, /, *, message: str | None = None,
    undo: Annotated[bool, Parameter(negative="", help="Take it back.")] = False,
    registry: Registry = None, json: Json = False,
) -> None:  # fmt: skip
    """Tell users of a skill (ns/slug), or of one release (ns/slug@1.2.0), to move on; installs still work."""
    name, _, version = skill.partition("@")
    if not undo and not message:
        raise UsageError("A deprecation needs a message.", code="message_missing", hint="Say it with --message TEXT.")
    with Client(registry) as client:
        if undo:
            answer: Any = client.undeprecate(name, version or None)
        else:
            answer = client.deprecate(name, message or "", version or None)
    if json:
        return show.data(answer)
    show.line("{skill} is {state}", skill=skill, state="no longer deprecated" if undo else "deprecated")
    return None


def channel(
    release: str, channel: str, /, *,
    remove: Annotated[bool, Parameter(negative="", help="Remove the channel from the skill.")] = False,
    registry: Registry = None, json: Json = False,
) -> None:  # fmt: skip
    """Point a channel of a skill at a release: `channel acme/pdf@2.0.0-rc.1 next`."""
    with Client(registry) as client:
        if remove:
            answer: Any = client.remove_channel(release.partition("@")[0], channel)
        else:
            name, version = _release(release)
            answer = client.set_channel(name, channel, version)
    if json:
        return show.data(answer)
    show.line("{channel} of {release} is set", channel=channel, release=release)
    return None


def _connect(registry: str | None, package: Package, namespace: str | None, oidc: bool) -> Client:
    """As whoever is signed in; or as the CI job that this runs in."""
    if not oidc:
        return Client(registry)
    from skillyard.sdk.trusted_publishing import exchange_identity

    if namespace is None:
        raise UsageError("A CI job has no namespace.", code="namespace_missing", hint="Name it with --namespace.")
    with Client(registry) as client:
        return Client(client.base_url, exchange_identity(client, f"{namespace}/{package.name}"))


def _send(
    client: Client, name: str, archive: Path, dry_run: bool, two_phase: bool,
    visibility: Visibility | None, channel: str | None, version: str | None,
) -> dict[str, Any]:  # fmt: skip
    if two_phase and not dry_run:
        return client.publish_two_phase(name, archive, visibility=visibility, channel=channel, version=version)
    return client.publish(name, archive, dry_run=dry_run, visibility=visibility, channel=channel, version=version)


def _show_release(answer: dict[str, Any]) -> None:
    release = answer["release"]
    show.line("Published [bold]{name} {version}[/]", name=release["name"], version=release["version"])
    show.line("  [dim]digest[/]  {digest}", digest=release["digest"])
    if release["status"] == "listed":
        show.line("  [dim]install[/] skillyard install {name}", name=release["name"])
    else:
        show.line("  [red]{status}[/]: {what}", status=release["status"], what=_MEANING.get(release["status"], ""))
    for reason in release["reasons"]:
        show.line("    {reason}", reason=reason)
    if release["status"] != "listed":
        at = f"{release['name']}@{release['version']}"
        show.talk(
            "  [dim]hint:[/] Mend it and publish a new version, or `skillyard appeal {at} RULE --reason …`", at=at
        )
    _warn_wire(answer["warnings"])


def _show_verdict(name: str, answer: dict[str, Any]) -> None:
    verdict = "[green]would be published[/]" if answer["ok"] else "[red]would be refused[/]"
    show.line(f"{{name}} {verdict}", name=name)
    _warn_wire(answer["faults"])


def _warn(package: Package) -> None:
    show.faults(package.warnings)


def _warn_wire(found: list[dict[str, Any]]) -> None:
    from skillyard.skill.faults import Fault

    show.faults(Fault(**{key: fault[key] for key in Fault.__dataclass_fields__ if key in fault}) for fault in found)


def _release(text: str) -> tuple[str, str]:
    name, _, version = text.partition("@")
    if not version:
        raise UsageError(f"{text} names no release.", code="release_missing", hint="Write it as ns/slug@1.2.0.")
    return name, version


def _sha256(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
