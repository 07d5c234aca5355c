"""What a project asks for (`skillyard.json`), what it got (`skillyard.lock`), and where both are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillyard.sdk.addresses import check_registry
from skillyard.sdk.agents import Scope
from skillyard.sdk.disk import read_if_there
from skillyard.sdk.errors import SdkError, from_skill_error
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.names import SkillName

if TYPE_CHECKING:
    from skillyard.skill.lockfile import Lockfile

MANIFEST = "skillyard.json"
LOCK = "skillyard.lock"
STATE = ".skillyard"
_CHANNEL = re.compile(r"[a-z][a-z0-9-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFile:
    """`skillyard.json`. `other` keeps the keys that are not ours, `order` the order of all."""

    registry: str | None = None
    skills: Mapping[str, str] = field(default_factory=dict)
    agents: tuple[str, ...] = ()
    other: Mapping[str, Any] = field(default_factory=dict)
    order: tuple[str, ...] = ()

    def show(self) -> str:
        """The file's text; what is empty and was not there before stays away."""
        own: dict[str, Any] = {
            "registry": self.registry,
            "skills": dict(sorted(self.skills.items())),
            "agents": list(self.agents),
        }
        values = {**{name: value for name, value in own.items() if value or name == "skills"}, **self.other}
        names = [*(name for name in self.order if name in values), *(name for name in values if name not in self.order)]
        return json.dumps({name: values[name] for name in names}, indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """`folder` has the two files; the folders of agents are below `base`, which is the project or the home folder."""

    scope: Scope
    folder: Path
    base: Path

    @property
    def manifest_path(self) -> Path:
        return self.folder / MANIFEST

    @property
    def lock_path(self) -> Path:
        return self.folder / LOCK

    @property
    def state_dir(self) -> Path:
        """Our notes about this working copy; not for version control."""
        return self.folder / STATE

    def read_manifest(self) -> ProjectFile:
        """What is asked for; nothing when there is no file. Raises SdkError with every fault in it."""
        content = read_if_there(self.manifest_path)
        return ProjectFile() if content is None else _read_manifest(self.manifest_path, content)

    def read_lock(self) -> Lockfile | None:
        """What was decided, or None when there is no file."""
        content = read_if_there(self.lock_path)
        if content is None:
            return None
        from skillyard.skill.lockfile import Lockfile

        try:
            return Lockfile.read(content.decode())
        except (SkillError, UnicodeDecodeError) as error:
            faults = error.faults if isinstance(error, SkillError) else ()
            raise SdkError(
                f"{self.lock_path} cannot be used.",
                code="bad_lockfile",
                hint="Take it from version control again, or delete it to decide anew.",
                faults=faults,
            ) from None


def find_project(start: Path | None = None) -> Project:
    """The project that `start` (else the working folder) is in: the nearest folder upward with a skillyard.json.

    Without one it is `start` itself. The search ends at the home folder and at the root, which are nobody's project.
    """
    start = (start or Path.cwd()).resolve()
    home = _home()
    for folder in (start, *start.parents):
        if folder != start and (folder == home or folder == folder.parent):
            break
        if (folder / MANIFEST).is_file():
            return Project(scope="project", folder=folder, base=folder)
    return Project(scope="project", folder=start, base=start)


def user_project() -> Project:
    """What the user has for all projects; its files are beside the user's settings."""
    from skillyard.sdk.config import config_dir

    return Project(scope="user", folder=config_dir() / "user", base=_home())


def check_range(text: str) -> list[Fault]:
    """Faults of what stands behind a name: a range of versions, or a channel."""
    from skillyard.skill.versions import Range

    if is_channel(text):
        return []
    try:
        Range.parse(text)
    except SkillError as error:
        return list(error.faults)
    return []


def is_channel(text: str) -> bool:
    """`latest`, `next` …; `x` and `v1` are ranges."""
    return bool(_CHANNEL.fullmatch(text)) and text != "x" and not re.fullmatch(r"v\d.*", text)


def _home() -> Path:
    return Path.home().resolve()


def _read_manifest(path: Path, content: bytes) -> ProjectFile:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise _bad_file(path, [_fault(f"it is not JSON: {error}", "correct it")]) from None
    if not isinstance(document, dict):
        raise _bad_file(path, [_fault("it is not a JSON object", "write it as {…}")])
    faults = [*_check_registry(document.get("registry")), *_check_skills(document.get("skills", {}))]
    faults += _check_agents(document.get("agents", []))
    if faults:
        raise _bad_file(path, faults)
    return ProjectFile(
        registry=document.get("registry"),
        skills=dict(document.get("skills", {})),
        agents=tuple(document.get("agents", ())),
        other={name: value for name, value in document.items() if name not in ("registry", "skills", "agents")},
        order=tuple(document),
    )


def _check_registry(value: object) -> Iterator[Fault]:
    if value is None:
        return
    try:
        check_registry(value if isinstance(value, str) else "")
    except SdkError as error:
        yield _fault(error.message, error.hint)


def _check_skills(value: object) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield _fault("skills is not an object", 'write it as "skills": {"acme/pdf": "^1.0.0"}')
        return
    for name, text in value.items():
        try:
            if str(SkillName.parse(name)) != name:
                yield _fault(f"the name {name!a} starts with @", f"write {name[1:]!a}")
        except SkillError as error:
            yield from error.faults
        if not isinstance(text, str):
            yield _fault(f"the range of {name!a} is not text", 'write it as "^1.0.0"')
        else:
            yield from check_range(text)


def _check_agents(value: object) -> Iterator[Fault]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        yield _fault("agents is not a list of names", 'write it as "agents": ["claude-code"]')


def _bad_file(path: Path, faults: list[Fault]) -> SdkError:
    error = SkillError(faults)
    return from_skill_error(error, code="bad_project_file", message=f"{path} cannot be used.")


def _fault(message: str, hint: str) -> Fault:
    return Fault(code="bad_project_file", message=message, hint=hint, file=MANIFEST)
