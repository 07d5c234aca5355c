"""Finds the install commands in scripts and texts, and reads what they install from where."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillyard.skill.scan.dependencies.dependency import Dependency
from skillyard.skill.scan.matching import Hit, Patterns
from skillyard.skill.scan.subject import Kind, Part, Subject, View

SCRIPTS = frozenset({Kind.PYTHON, Kind.SHELL, Kind.JAVASCRIPT, Kind.POWERSHELL, Kind.CODE})
_DOCUMENTS = (".md", ".mdx", ".markdown", ".txt", ".rst", ".html", ".ipynb")
_REST = r"(?P<rest>[^\n`;|&#)]{1,600})"
_PATTERNS = Patterns(
    {
        "pypi": r"\b(?:pip[0-9.]{0,5}\s+(?:-[\w=-]+\s+){0,3}(?:install|download)|pipx\s+(?:install|run|inject)|"
        rf"uv\s+(?:add|tool\s+(?:install|run)|run\s+--with)|uvx|poetry\s+add|pdm\s+add|rye\s+add)\s+{_REST}",
        "npm": r"\b(?:npm\s+(?:i|install|add|exec|create)|yarn\s+(?:global\s+)?(?:add|dlx)|pnpm\s+(?:add|i|"
        r"install|dlx)|"
        rf"bun\s+(?:add|install|i)|bunx|npx)\s+{_REST}",
        "pypi list": r"['\"]pip[0-9.]{0,5}['\"]\s*,\s*['\"]install['\"](?P<rest>[^\n\]]{1,600})",
        "npm list": r"['\"](?:npm|pnpm|yarn|bun)['\"]\s*,\s*\[?\s*['\"](?:i|install|add)['\"](?P<rest>[^\n\]]{1,600})",
        "address": r"\b(?:gem\s+install\s[^\n]{0,100}--source|cargo\s+install\s[^\n]{0,100}--git|brew\s+tap\s+\S+|"
        r"gem\s+sources\s+--add|helm\s+repo\s+add\s+\S+|(?:rpm|dnf|yum|zypper)\s+[^\n]{0,60}|"
        r"(?:conda|mamba)\s+install\s[^\n]{0,100}-c|go\s+env\s+-w\s+GOPROXY=|dotnet\s+\S+\s[^\n]{0,80}--source|"
        r"deno\s+(?:run|install)\s[^\n]{0,100})[\s=]*(?P<rest>(?:git\+)?https?://[^\s'\"`)]{4,300})",
    }
)
_OPTION = re.compile(r"(--?[\w-]+)(?:=(\S*))?")
_INDEX_OPTIONS = frozenset(
    {"--index-url", "-i", "--extra-index-url", "--find-links", "-f", "--index", "--default-index", "--registry"}
)
_VALUE_OPTIONS = frozenset(
    {"-r", "--requirement", "-c", "--constraint", "-t", "--target", "--prefix", "--python", "-p", "--root", "--group",
     "--trusted-host", "--cache-dir", "--platform", "--python-version", "-w", "--workspace", "--upgrade-strategy", "-C"}
)  # fmt: skip
_PYTHON_NAME = re.compile(r"([^\W_][\w.-]{0,80})(?:\[[\w,.-]{0,80}\])?(?:[<>=!~@].*)?")
_NODE_NAME = re.compile(r"((?:@[\w.-]{1,80}/)?[^\W_][\w.-]{0,80})(?:@[\w.^~*<>=-]{0,60})?")
_ADDRESS = re.compile(r"(?:(?:git\+)?(?:https?|ssh|git)://|git@|github:).+", re.IGNORECASE)
_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "by",
        "first",
        "for",
        "from",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "missing",
        "of",
        "on",
        "or",
        "packages",
        "package",
        "please",
        "the",
        "then",
        "this",
        "to",
        "using",
        "via",
        "when",
        "with",
        "you",
        "your",
        "dependencies",
        "required",
        "needed",
    ]
)


def installed_in(subject: Subject) -> Iterator[Dependency]:
    """What install commands name, in order."""
    for view in subject.views:
        for hit in _PATTERNS.find(view.text, most=200):
            yield from _read(view, hit)


def _read(view: View, hit: Hit) -> Iterator[Dependency]:
    rest = hit.groups["rest"] or ""
    ecosystem = hit.name.partition(" ")[0]
    if ecosystem == "address":
        yield _dependency(view, hit, address=rest, is_index=True)
        return
    if hit.name.endswith("list"):
        rest = re.sub(r"['\",]+", " ", rest)
    tokens = [token.strip("'\"(),.:") for token in rest.split()[:40]]
    runs_one = re.match(
        r"(?:npx|bunx|uvx|uv\s+run|pnpm\s+dlx|yarn\s+dlx|pipx\s+run|npm\s+exec|npm\s+create)", hit.text, re.I
    )
    yield from _read_tokens(view, hit, ecosystem, tokens, only_first=runs_one is not None)


def _read_tokens(view: View, hit: Hit, ecosystem: str, tokens: list[str], *, only_first: bool) -> Iterator[Dependency]:
    """Options and names as pip and npm take them; ends at the first word of a sentence."""
    at = 0
    while at < len(tokens):
        token, following = tokens[at], tokens[at + 1] if at + 1 < len(tokens) else ""
        at += 1
        option = _OPTION.fullmatch(token)
        if option and option[1] in _INDEX_OPTIONS and (option[2] or "/" in following):
            yield _dependency(view, hit, ecosystem=ecosystem, address=option[2] or following, is_index=True)
            at += option[2] is None
        elif option:
            at += option[1] in _VALUE_OPTIONS and option[2] is None
        elif _ADDRESS.match(token) or "://" in token:
            yield _dependency(
                view, hit, ecosystem=ecosystem, address=token[token.find("@") + 1 :] if "@ " in token else token
            )
        elif token.lower() in _WORDS:
            return
        elif name := _name(token, ecosystem):
            yield _dependency(view, hit, ecosystem=ecosystem, name=name)
            if only_first:
                return


def _name(token: str, ecosystem: str) -> str:
    found = (_PYTHON_NAME if ecosystem == "pypi" else _NODE_NAME).fullmatch(token)
    return found[1] if found and not token.endswith((".txt", ".whl", ".toml", ".tgz")) else ""


def _dependency(
    view: View, hit: Hit, *, ecosystem: str = "", name: str = "", address: str = "", is_index: bool = False
) -> Dependency:
    return Dependency(
        name=name,
        ecosystem=ecosystem,
        address=address,
        is_index=is_index,
        file=view.file,
        line=view.line_at(hit.start),
        text=hit.text,
        is_shown=view.part is not Part.CODE or view.kind not in SCRIPTS or view.file.endswith(_DOCUMENTS),
        via=view.via,
    )
