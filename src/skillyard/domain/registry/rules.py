"""Pure decisions of the registry: what a release must be, who sees it, where channels point, how versions sort."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry.errors import BadChannel, SkillRefused, TextNotAcceptable, UnknownAgent
from skillyard.domain.registry.model import DEFAULT_CHANNEL, Release, Standing, Visibility, Wish
from skillyard.domain.registry.trust import Status
from skillyard.skill.escalation import check_escalation
from skillyard.skill.executable import EXECUTABLE_FILE
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.files import SKILL_FILE
from skillyard.skill.manifest import Manifest
from skillyard.skill.names import SkillName, check_name
from skillyard.skill.permissions import Permissions
from skillyard.skill.versions import Range, Version, is_version

MAX_TEXT_CHARS = 500
MAX_README_BYTES = 256 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")
# Words by which a skill's `compatibility` names the agents that it is for.
AGENTS: Mapping[str, tuple[str, ...]] = {
    "claude-code": ("claude",),
    "codex": ("codex", "openai"),
    "copilot": ("copilot",),
    "cursor": ("cursor",),
    "gemini": ("gemini",),
    "opencode": ("opencode",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the registry holds already that matters to a new release, as far as the publisher may see it.

    `visibility` and `is_sealed` are None for a new skill. `missing` are dependencies that nobody can find, `hidden`
    private ones. `before`: the highest lower version, and what it may do.
    """

    visibility: Visibility | None = None
    is_sealed: bool | None = None
    lookalikes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    before: tuple[str, Permissions] | None = None


def may_see(caller: Caller, name: str, visibility: Visibility) -> bool:
    """Whether a skill exists for the caller."""
    return visibility.is_open or caller.may("read", on=name)


def may_take(caller: Caller, release: Release) -> bool:
    """Whether the content is handed out to a caller who sees the release: a quarantined one only to those who can do
    something about it.
    """
    if release.status is not Status.QUARANTINED:
        return True
    return caller.may("publish", on=release.namespace) or caller.may("review")


def is_skill_name(name: SkillName) -> bool:
    """Whether there can be a skill of this name; what cannot be need not be looked up."""
    return not check_name(name.namespace) and not check_name(name.slug)


def check_name_of_skill(name: SkillName) -> list[Fault]:
    return check_name(name.namespace, what="namespace") + check_name(name.slug, what="skill name")


def check_wish(wish: Wish) -> list[Fault]:
    """Faults of what is known before the archive is read."""
    faults = check_name_of_skill(wish.name)
    if wish.channel is not None and (why := _why_no_channel(wish.channel)):
        hint = "Choose a word such as next, beta or stable."
        faults.append(_error("bad_channel", f"{wish.channel[:64]!a} cannot be a channel: {why}", hint))
    if wish.version is not None and not is_version(wish.version):
        hint = "Write a semantic version such as 1.4.0."
        faults.append(_error("bad_version", f"version {wish.version[:60]!a} is not a semantic version", hint))
    return faults


def check_announced(sha256: str, size_bytes: int, *, most_bytes: int) -> list[Fault]:
    """Faults of an archive that is only announced yet."""
    faults = []
    if not _SHA256.fullmatch(sha256):
        faults.append(_error("bad_digest", "sha256 is not 64 lower-case hex digits", "Hash the archive with SHA-256."))
    if not 1 <= size_bytes <= most_bytes:
        message = f"the archive would have {size_bytes} bytes, 1 to {most_bytes} are allowed"
        faults.append(_error("too_large", message, "Leave out files."))
    return faults


def settle(wish: Wish, manifest: Manifest) -> tuple[Manifest, list[Fault]]:
    """The manifest with what the wish puts in its place, and warnings of where SKILL.md says something else."""
    wanted = {"homepage": wish.homepage, "dependencies": wish.dependencies}
    named = {"name": wish.name.slug, "namespace": wish.name.namespace, "version": wish.version}
    identity = named if wish.overrules else {}
    hint = "Make them the same: agents and other registries read SKILL.md only."
    faults = [
        _warning("overruled", f"SKILL.md says {field} {getattr(manifest, field)}, it is published as {value}", hint)
        for field, value in identity.items()
        if value and getattr(manifest, field) not in (None, value)
    ]
    said = {field: value for field, value in {**wanted, **identity}.items() if value is not None}
    return replace(manifest, **said), faults  # type: ignore[arg-type]


def check_release(wish: Wish, manifest: Manifest, around: Surroundings) -> list[Fault]:
    """All that keeps a skill from being published as asked, and what its author should know."""
    return [
        *_check_identity(wish, manifest),
        *_check_version(wish, manifest),
        *check_visibility(wish, around.visibility),
        *_check_texts(manifest),
        *_check_dependencies(wish, manifest, around),
        *_check_escalation(wish, manifest, around),
        *(
            _warning("looks_alike", f"{wish.name} looks like {other}", "Choose another name if they may be confused.")
            for other in around.lookalikes
        ),
    ]


def check_visibility(wish: Wish, current: Visibility | None) -> list[Fault]:
    """A release takes the visibility of its skill; only the first one may choose."""
    if wish.visibility is None or current in (None, wish.visibility):
        return []
    message = f"{wish.name} is {current}; a release cannot make it {wish.visibility}"
    return [_error("visibility_differs", message, "Leave it out here, and change it for the whole skill.")]


def check_sealed(wish: Wish, is_sealed: bool, current: bool | None) -> list[Fault]:
    """What was open to all cannot be sealed afterwards, and what is sealed never opens."""
    if current in (None, is_sealed):
        return []
    said = "sealed, and this release is not" if current else "not sealed, and this release is"
    hint = "Keep the mode of the first release, or publish it under another name."
    return [_error("mode_differs", f"{wish.name} is {said}", hint, EXECUTABLE_FILE)]


def decide_version(wish: Wish, manifest: Manifest) -> str | None:
    """The version to publish, in its plain spelling; None when nobody names one, or not a usable one."""
    version = manifest.version or wish.version
    return str(Version.parse(version)) if is_version(version) and version else None


def refuse(name: SkillName, faults: Sequence[Fault]) -> None:
    """Raise SkillRefused with all of them if one is an error."""
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        listed = [asdict(fault) for fault in faults]
        raise SkillRefused(faults=listed, name=str(name), first=errors[0].message, count=len(errors))


def check_channel(channel: str) -> None:
    """Raises BadChannel for a name that cannot be one."""
    if why := _why_no_channel(channel):
        raise BadChannel(channel=channel[:64], why=why)


def is_channel(text: str) -> bool:
    return not _why_no_channel(text)


def check_text(text: str, *, what: str) -> str:
    """The text without blanks around it. Raises TextNotAcceptable unless people can read it."""
    text = text.strip()
    if 1 <= len(text) <= MAX_TEXT_CHARS and all(char.isprintable() or char == "\n" for char in text):
        return text
    raise TextNotAcceptable(what=what, most=MAX_TEXT_CHARS)


def decide_highest(channel: str, versions: Iterable[str]) -> str | None:
    """Which of the versions a channel points to: `latest` prefers stable ones, others take the highest."""
    parsed = [Version.parse(version) for version in versions]
    stable = [version for version in parsed if not version.is_prerelease]
    best = max(stable if stable and channel == DEFAULT_CHANNEL else parsed, default=None)
    return str(best) if best else None


def channels_with(channels: Mapping[str, str], new: Standing) -> dict[str, str]:
    """Where channels point once `new` is offered: its own goes forward, never back; `latest` is always there."""
    moved = dict(channels)
    for channel in (new.channel, DEFAULT_CHANNEL):
        if channel == new.channel or channel not in channels:
            known = [channels[channel]] if channel in channels else []
            moved[channel] = decide_highest(channel, [*known, new.version]) or new.version
    return moved


def channels_without(channels: Mapping[str, str], gone: str, standings: Sequence[Standing]) -> dict[str, str]:
    """Where channels point once `gone` is yanked: those that pointed to it fall back to what was published to them,
    `latest` to anything that is left. A channel without any version goes.
    """
    offered = [standing for standing in standings if standing.is_offered and standing.version != gone]
    moved = {}
    for channel, version in channels.items():
        published = [standing.version for standing in offered if standing.channel == channel]
        if channel == DEFAULT_CHANNEL and not published:
            published = [standing.version for standing in offered]
        left = decide_highest(channel, published) if version == gone else version
        if left:
            moved[channel] = left
    return moved


def decide_agents(compatibility: str | None) -> tuple[str, ...]:
    """The agents that a skill is for: those that its `compatibility` names, all when it names none."""
    text = (compatibility or "").lower()
    named = tuple(agent for agent, words in AGENTS.items() if any(word in text for word in words))
    return named or tuple(AGENTS)


def check_agent(agent: str) -> None:
    """Raises UnknownAgent."""
    if agent not in AGENTS:
        raise UnknownAgent(agent=agent[:64], known=", ".join(AGENTS))


def order_key(version: str) -> bytes:
    """Bytes that sort as versions do (https://semver.org, section 11), in any database. Build metadata is left out."""
    major, minor, patch, pre = Version.parse(version).key
    return struct.pack(">QQQ", major, minor, patch) + b"".join(_part(*part) for part in pre) + b"\x00"


def _part(kind: int, number: int, name: str) -> bytes:
    if kind == 2:
        return b"\xff"
    if kind == 1:
        return b"\x02" + name.encode("ascii") + b"\x00"
    size = (number.bit_length() + 7) // 8
    return b"\x01" + bytes([size]) + number.to_bytes(size, "big")


def _check_identity(wish: Wish, manifest: Manifest) -> list[Fault]:
    faults = []
    if manifest.name != wish.name.slug:
        message = f"the skill calls itself {manifest.name}, and is published as {wish.name.slug}"
        faults.append(_error("name_differs", message, "Make `name` and the address the same.", SKILL_FILE))
    if manifest.namespace not in (None, wish.name.namespace):
        message = f"the skill says that it belongs to {manifest.namespace}, and is published in {wish.name.namespace}"
        faults.append(_error("namespace_differs", message, "Publish it there, or change its manifest.", SKILL_FILE))
    return faults


def _check_version(wish: Wish, manifest: Manifest) -> list[Fault]:
    if manifest.version is None and wish.version is None:
        hint = 'Write `version: "1.0.0"` below `metadata:` in SKILL.md, or name one when you publish.'
        return [_error("version_missing", "nobody says which version this is", hint, SKILL_FILE)]
    version = decide_version(wish, manifest)
    if version is None:
        return []
    faults = []
    if manifest.version and is_version(wish.version) and Version.parse(wish.version or "") != Version.parse(version):
        message = f"the skill says that this is version {version}, and you say {wish.version}"
        faults.append(_error("contradiction", message, "Leave your version out, or make them the same.", SKILL_FILE))
    if Version.parse(version).build:
        hint = "Leave out the + and what follows it; raise the version instead."
        faults.append(_error("build_metadata", f"{version} has build metadata, which orders nothing", hint, SKILL_FILE))
    return faults


def _check_texts(manifest: Manifest) -> list[Fault]:
    """A database takes no NUL and no half of a surrogate pair, which YAML's escapes can write."""
    texts = [getattr(manifest, name) or "" for name in ("description", "license", "compatibility", "body")]
    size_bytes = len(manifest.body.encode(errors="replace"))
    faults = []
    if any("\x00" in text or not _is_unicode(text) for text in texts):
        faults.append(
            _error("bad_text", "SKILL.md has characters that are none", "Remove \\0 and \\ud800.", SKILL_FILE)
        )
    if size_bytes > MAX_README_BYTES:
        message = f"the text of SKILL.md has {size_bytes} bytes, {MAX_README_BYTES} are allowed"
        faults.append(_error("too_long", message, "Move details into references/.", SKILL_FILE))
    return faults


def _check_dependencies(wish: Wish, manifest: Manifest, around: Surroundings) -> list[Fault]:
    faults = []
    if str(wish.name) in manifest.dependencies:
        message = f"{wish.name} depends on itself"
        faults.append(_error("depends_on_itself", message, "Remove the dependency.", SKILL_FILE))
    for name in [name for name in around.missing if name != str(wish.name)]:
        message = f"nothing in this registry satisfies the dependency {name} {manifest.dependencies.get(name, '')}"
        faults.append(_warning("dependency_missing", message.rstrip(), "Publish it before somebody installs this."))
    is_private = (wish.visibility or around.visibility) is Visibility.PRIVATE
    for name in () if is_private else around.hidden:
        message = f"the dependency {name} is private"
        faults.append(_warning("dependency_private", message, "Only its members will be able to install this."))
    return faults


def _check_escalation(wish: Wish, manifest: Manifest, around: Surroundings) -> list[Fault]:
    version = decide_version(wish, manifest)
    if around.before is None or version is None:
        return []
    return check_escalation(*around.before, version, manifest.permissions)


def _why_no_channel(channel: str) -> str:
    if faults := check_name(channel, what="channel"):
        return faults[0].message
    try:
        Range.parse(channel)
    except SkillError:
        return ""
    return "it reads as a range of versions"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _error(code: str, message: str, hint: str, file: str | None = None) -> Fault:
    return Fault(code=code, message=message, hint=hint, file=file)


def _warning(code: str, message: str, hint: str) -> Fault:
    return Fault(code=code, message=message, hint=hint, severity="warning")
