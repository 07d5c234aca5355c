"""Reads what manifests and lock files of package managers declare."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from itertools import islice

from skillyard.skill.scan.dependencies.dependency import Dependency
from skillyard.skill.scan.matching import Patterns
from skillyard.skill.scan.subject import Kind, ScanFile, Subject

_MAX_CHARS = 524_288
_MAX_PER_FILE = 3000
_MAX_METADATA_CHARS = 65_536
_REQUIREMENT = re.compile(r"([^\W_][\w.-]{0,100})\s*(?:\[[^\]\n]{0,200}\])?\s*(?:@\s*([^\s;]+))?")
_ADDRESS = re.compile(
    r"(?:git\+|hg\+|svn\+|bzr\+)?(?:https?|git|ssh|ftp)(?:\+\w+)?://[^\s;'\"#,\])]+|git@[\w.-]+:\S+", re.IGNORECASE
)
_INDEX_LINE = re.compile(r"(?:--index-url|--extra-index-url|-i|--find-links|-f|--index|--default-index)(?:\s+|=)(\S+)")
_INLINE_METADATA = re.compile(r"^# /// script\s*\n((?:#[^\n]*\n){1,400}?)# ///\s*$", re.MULTILINE)
_REQUIREMENTS_NAME = re.compile(
    r"(?:.*[-_.])?(?:requirements|constraints)(?:[-_.].*)?\.(?:txt|in|pip)|(?:.*/)?requirements/[^/]+\.txt",
    re.IGNORECASE,
)
_HANDED_TO_PIP = Patterns(
    {"option": r"\b(?:pip[0-9.]{0,5}|uv)\b[^\n]{0,200}\s(?:-r|--requirements?)[ =]*['\"]?(?P<file>[\w./-]{1,200})"}
)
_QUOTED = re.compile(
    r"['\"]([A-Za-z0-9][\w.-]{0,100}(?:\[[^\]\n]{0,100}\])?\s*(?:@\s*[^'\"\n]{1,300}|[<>=!~][^'\"\n]{0,100})?)['\"]"
)
_SETUP_LISTS = re.compile(
    r"\b(?:install_requires|setup_requires|tests_require|extras_require|requires)\s*=\s*[\[{]([^\]]{0,8000})"
)
_GEM = re.compile(r"^\s*(source|gem|git)\b[^\n]{0,300}", re.MULTILINE)
_NPM_TABLES = (
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
    "resolutions",
    "overrides",
)
_REPOSITORY = re.compile(
    r"^[ \t-]{0,20}(?:url|repo)[ \t]{0,4}[=:][ \t]{0,4}['\"]?(\S{8,300}?)['\"]?[ \t]*$", re.MULTILINE
)
_GO_REPLACE = re.compile(r"^[^\n]{0,300}=>\s*([\w-]+(?:\.[\w-]+)+/[^\s]{1,200})", re.MULTILINE)
_RESOLVED = re.compile(r"\"?(?:resolved|tarball|url)\"?\s{0,4}[:=]?\s{0,4}\"?(https?://[^\s\"',}]{4,300})")
_SPECIAL_SPEC = re.compile(r"^(?:git|https?:|github:|gitlab:|bitbucket:|gist:|[\w.-]+/[\w.-]+(?:#.*)?$)")


def declared_in(subject: Subject) -> Iterator[Dependency]:
    """Every dependency, and every index, that files of known names and PEP 723 blocks declare.

    A file that pip is told to read is a list of requirements, whatever its name.
    """
    handed_to_pip = {
        (hit.groups["file"] or "").rpartition("/")[2]
        for view in subject.views
        for hit in _HANDED_TO_PIP.find(view.text)
    }
    for file in subject.files:
        if file.text is None:
            continue
        if file.name in handed_to_pip and not _REQUIREMENTS_NAME.fullmatch(file.path):
            yield from islice(_requirements(file.path, file.text[:_MAX_CHARS]), _MAX_PER_FILE)
        for reader in _readers(file):
            yield from islice(reader(file.path, file.text[:_MAX_CHARS]), _MAX_PER_FILE)


def _readers(file: ScanFile) -> Iterator[Callable[[str, str], Iterator[Dependency]]]:
    name = file.name.lower()
    if _REQUIREMENTS_NAME.fullmatch(file.path):
        yield _requirements
    elif name in _BY_NAME:
        yield _BY_NAME[name]
    elif name.endswith((".gemspec", ".gemfile")):
        yield _gemfile
    if file.kind is Kind.PYTHON and "# /// script" in (file.text or ""):
        yield _inline_metadata


def _requirements(path: str, text: str) -> Iterator[Dependency]:
    for number, line in enumerate(text.replace("\\\n", "  ").split("\n"), 1):
        line = re.sub(r"(?:^|\s)#.*$", "", line).strip()
        if found := _INDEX_LINE.match(line):
            yield Dependency(address=found[1], is_index=True, ecosystem="pypi", file=path, line=number, text=line)
        elif line and not line.startswith(("-r", "-c", "--")):
            yield _pypi(line.removeprefix("-e").strip(), path, number)


def _pypi(line: str, path: str, number: int) -> Dependency:
    """One requirement (PEP 508), or an address alone."""
    address = _ADDRESS.search(line)
    name = "" if address and address.start() == 0 else getattr(_REQUIREMENT.match(line), "group", _no_group)(1)
    return Dependency(
        name=name, ecosystem="pypi", address=address[0] if address else "", file=path, line=number, text=line
    )


def _no_group(_: int) -> str:
    return ""


def _inline_metadata(path: str, text: str) -> Iterator[Dependency]:
    """PEP 723: a TOML table in comments."""
    for match in _INLINE_METADATA.finditer(text[:_MAX_METADATA_CHARS]):
        block = "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in match[1].split("\n"))
        yield from _toml(path, text, block)


def _pyproject(path: str, text: str) -> Iterator[Dependency]:
    yield from _toml(path, text, text)


def _toml(path: str, text: str, block: str) -> Iterator[Dependency]:
    """Tables of pyproject.toml, Pipfile, Cargo.toml and uv.toml alike: every requirement and address in them."""
    try:
        tables = tomllib.loads(block)
    except (ValueError, RecursionError):
        return
    for keys, value in _leaves(tables):
        where = ".".join(keys).lower()
        if not isinstance(value, str) or not re.search(r"depend|packages|requires|sources?\b|index|group", where):
            continue
        line = _line_of(text, value)
        if _is_index(keys):
            yield Dependency(address=value, is_index=True, ecosystem="pypi", file=path, line=line, text=value)
        elif keys[-1] in ("git", "url") or _ADDRESS.search(value):
            yield Dependency(**_named_address(keys, value), file=path, line=line, text=f"{'.'.join(keys)} = {value}")  # type: ignore[arg-type]
        elif keys[-1].isdigit():
            yield _pypi(value, path, line)
        elif "poetry" in where or keys[0] in ("packages", "dev-packages"):
            yield Dependency(name=keys[-1], ecosystem="pypi", file=path, line=line, text=f"{keys[-1]} = {value}")


def _is_index(keys: tuple[str, ...]) -> bool:
    return keys[-1] in ("index-url", "extra-index-url", "default-index") or (
        keys[-1] == "url" and any(key in ("index", "source") for key in keys)
    )


def _named_address(keys: tuple[str, ...], value: str) -> dict[str, str]:
    address = _ADDRESS.search(value)
    requirement = _REQUIREMENT.match(value) if keys[-1].isdigit() else None
    name = requirement[1] if requirement and address and address.start() > 0 else ""
    return {"name": name, "ecosystem": "pypi", "address": address[0] if address else value}


def _leaves(value: object) -> Iterator[tuple[tuple[str, ...], object]]:
    pending: list[tuple[tuple[str, ...], object]] = [((), value)]
    while pending:
        keys, item = pending.pop()
        if isinstance(item, dict):
            pending += reversed([((*keys, str(key)), child) for key, child in item.items()])
        elif isinstance(item, list):
            pending += reversed([((*keys, str(place)), child) for place, child in enumerate(item)])
        else:
            yield keys, item


def _setup(path: str, text: str) -> Iterator[Dependency]:
    for match in _SETUP_LISTS.finditer(text):
        for quoted in _QUOTED.finditer(match[1]):
            line = text.count("\n", 0, match.start(1) + quoted.start()) + 1
            yield _pypi(quoted[1], path, line)


def _package_json(path: str, text: str) -> Iterator[Dependency]:
    try:
        package = json.loads(text)
    except (ValueError, RecursionError):
        return
    for table in _NPM_TABLES if isinstance(package, dict) else ():
        entries = package.get(table)
        for name, spec in entries.items() if isinstance(entries, dict) else ():
            if isinstance(spec, str):
                alias = re.match(r"npm:(@?[^@]+)", spec)
                yield Dependency(
                    name=alias[1] if alias else str(name),
                    ecosystem="npm",
                    address=spec if _SPECIAL_SPEC.match(spec) else "",
                    file=path,
                    line=_line_of(text, name),
                    text=f"{name}: {spec}",
                )


def _lock(path: str, text: str) -> Iterator[Dependency]:
    """Where locked packages come from; one of each host is enough."""
    seen = set()
    for match in _RESOLVED.finditer(text):
        host = match[1].split("/")[2]
        if host not in seen:
            seen.add(host)
            line = text.count("\n", 0, match.start()) + 1
            yield Dependency(address=match[1], file=path, line=line, text=match[0])


def _gemfile(path: str, text: str) -> Iterator[Dependency]:
    for match in _GEM.finditer(text):
        if address := _ADDRESS.search(match[0]):
            line = text.count("\n", 0, match.start()) + 1
            yield Dependency(
                address=address[0], is_index=match[1] == "source", file=path, line=line, text=match[0].strip()
            )


def _environment_yaml(path: str, text: str) -> Iterator[Dependency]:
    """Conda's lists, whose `pip:` part has requirements; conda's own names are no PyPI names."""
    below_pip = False
    for number, line in enumerate(text.split("\n"), 1):
        item = re.match(r"\s*-\s+['\"]?([^'\"#\n]{1,300})", line)
        below_pip = below_pip if item else False
        if item and item[1].strip() == "pip:":
            below_pip = True
        elif item and below_pip:
            yield from (found for found in _requirements(path, item[1].strip()))
        elif item and (address := _ADDRESS.search(item[1])):
            yield Dependency(address=address[0], is_index=True, file=path, line=number, text=line.strip())


def _go_module(path: str, text: str) -> Iterator[Dependency]:
    """Replaced modules, which are taken from elsewhere than their names say."""
    for match in _GO_REPLACE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Dependency(address=f"https://{match[1]}", file=path, line=line, text=match[0].strip())


def _repositories(path: str, text: str) -> Iterator[Dependency]:
    """Submodules of git, and repositories of hooks for pre-commit."""
    for match in _REPOSITORY.finditer(text):
        line = text.count("\n", 0, match.start(1)) + 1
        yield Dependency(address=match[1], file=path, line=line, text=match[0].strip())


def _line_of(text: str, needle: str) -> int:
    return text.count("\n", 0, max(text.find(needle), 0)) + 1


_BY_NAME: dict[str, Callable[[str, str], Iterator[Dependency]]] = {
    "pyproject.toml": _pyproject, "pipfile": _pyproject, "uv.toml": _pyproject, "cargo.toml": _pyproject,
    "setup.py": _setup, "package.json": _package_json, "gemfile": _gemfile, "go.mod": _go_module,
    ".gitmodules": _repositories, ".pre-commit-config.yaml": _repositories,
    "environment.yml": _environment_yaml, "environment.yaml": _environment_yaml, "conda.yaml": _environment_yaml,
    "package-lock.json": _lock, "npm-shrinkwrap.json": _lock, "yarn.lock": _lock, "pnpm-lock.yaml": _lock,
    "poetry.lock": _lock, "uv.lock": _lock, "pipfile.lock": _lock, "cargo.lock": _lock, "bun.lock": _lock,
}  # fmt: skip
