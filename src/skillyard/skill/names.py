"""Which names of skills and namespaces are allowed, and which look alike. Who owns a name is left to others."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from skillyard.skill.faults import Fault, SkillError

MAX_NAME_CHARS = 64
NAME_PATTERN = r"[a-z0-9]+(?:-[a-z0-9]+)*"

# Paths of our own surfaces, and words that would let a stranger speak for the registry.
RESERVED_NAMESPACES = frozenset(
    """
    about abuse account accounts admin administrator agents api app apps assets auth billing blob blobs blog calls
    cdn changes checkout cli compositions connect connections contact dashboard docs download downloads events
    explore favicon git grants health healthz help home index info install integrations internal invite invocations
    invoice invoices jobs legal live login logout mail market marketplace mcp me metrics namespaces new oauth offers
    official openapi org organization organizations orgs packages page pages payments ping policy pricing privacy
    profile public ready readyz register registry releases requests robots root rss runs search security settings
    setup sign-in sign-out signin signout signup sitemap skill skilldock skillett skills skillyard skillzdrive stack
    static stats status support system tank team teams terms token tokens undefined upload uploads user users v0 v1
    v2 v3 v4 verify version wanted webhook webhooks well-known www
    """.split()  # noqa: SIM905 (a hundred quoted words read worse)
)

# Windows opens a device, not a file, under these names (Microsoft, "Naming Files, Paths, and Namespaces").
WINDOWS_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789\u00b9\u00b2\u00b3"]
)

# Letters of other scripts that are drawn like a Latin one (after Unicode TR 39, confusables.txt; lower case only).
_DRAWN_ALIKE = str.maketrans(
    {
        "\u0430": "a", "\u0432": "b", "\u0441": "c", "\u0501": "d", "\u0435": "e", "\u0261": "g", "\u04bb": "h",
        "\u043d": "h", "\u0456": "l", "\u0131": "l", "\u0458": "j", "\u043a": "k", "\u04cf": "l", "\u043c": "m",
        "\u043e": "o", "\u0440": "p", "\u051b": "q", "\u0433": "r", "\u0455": "s", "\u0442": "t", "\u051d": "w",
        "\u0445": "x", "\u0443": "y", "\u04af": "y", "\u03b1": "a", "\u03b2": "b", "\u03b5": "e", "\u03b7": "n",
        "\u03b9": "l", "\u03ba": "k", "\u03bd": "v", "\u03bf": "o", "\u03c1": "p", "\u03c3": "o", "\u03c4": "t",
        "\u03c5": "u", "\u03c7": "x", "\u03c9": "w", "\u0585": "o", "\u057d": "u", "\u0578": "n", "\u0570": "h",
        "\u01c0": "l", "\u00f8": "o", "\u0142": "l", "\u0111": "d", "\u0251": "a", "\u00f0": "d",
        "0": "o", "1": "l", "i": "l", "|": "l", "!": "l",
    }
)  # fmt: skip
_SEPARATORS = re.compile(r"[-_.\s]+")
_SHORTEST_FOR_EDITS = 5


@dataclass(frozen=True, slots=True, order=True)
class SkillName:
    """`namespace/slug`, each part a valid name."""

    namespace: str
    slug: str

    @classmethod
    def parse(cls, text: str) -> SkillName:
        """Read `acme/pdf` or `@acme/pdf`. Raises SkillError with the faults of both parts."""
        namespace, slash, slug = text.removeprefix("@").partition("/")
        if not slash:
            raise SkillError(
                [_fault("bad_skill_name", f"{_shown(text)} has no namespace", "write it as namespace/name")]
            )
        faults = check_name(namespace, what="namespace") + check_name(slug, what="skill name")
        if faults:
            raise SkillError(faults)
        return cls(namespace, slug)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.slug}"


def check_name(name: object, *, what: str = "name", file: str | None = None, line: int | None = None) -> list[Fault]:
    """All that keeps `name` from being 1 to 64 ASCII lower-case letters, digits and single inner hyphens.

    The rule is the Agent Skills specification's for `name`; Windows' device names are refused beside it, because an
    installed skill is a folder of that name.
    """
    if not isinstance(name, str):
        return [
            _fault("bad_name", f"the {what} is not text", "write it as text, in quotes if it is a number", file, line)
        ]
    if not name:
        return [_fault("bad_name", f"the {what} is empty", "choose a name such as pdf-tools", file, line)]
    if name in WINDOWS_DEVICES:
        found = ["is the name of a device on Windows"]
    elif len(name) <= MAX_NAME_CHARS and re.fullmatch(NAME_PATTERN, name):
        found = []
    else:
        found = _breaches(name)
    hint = f"use {_suggestion(name)}"
    return [_fault("bad_name", f"the {what} {_shown(name)} {breach}", hint, file, line) for breach in found]


def check_namespace(name: object, *, what: str = "namespace") -> list[Fault]:
    """Faults of a namespace that somebody wants to create: those of any name, and that it is reserved."""
    if isinstance(name, str) and name in RESERVED_NAMESPACES:
        return [_fault("reserved_name", f"the {what} {_shown(name)} is reserved", "choose another one")]
    return check_name(name, what=what)


def skeleton(name: str) -> str:
    """What is left of `name` when all that looks alike is one: `Pay-Pa1` and `paypal` have the same skeleton.

    Compare skeletons, never show them. Takes any text, also foreign scripts.
    """
    letters = name.lower() if name.isascii() else _without_marks(name)
    folded = _SEPARATORS.sub("", letters.translate(_DRAWN_ALIKE))
    return folded.replace("rn", "m").replace("vv", "w")


def is_lookalike(a: str, b: str) -> bool:
    """Whether a person may take one for the other: the same skeleton, or one typing slip in five or more characters."""
    if a == b:
        return False
    return skeleton(a) == skeleton(b) or (min(len(a), len(b)) >= _SHORTEST_FOR_EDITS and _is_one_edit(a, b))


def lookalikes(name: str, existing: Iterable[str]) -> list[str]:
    """Those of `existing` that look like `name`, in their order."""
    return [other for other in existing if is_lookalike(name, other)]


def _without_marks(text: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(char for char in plain if not unicodedata.category(char).startswith(("M", "C")))


def _breaches(name: str) -> list[str]:
    found = []
    if len(name) > MAX_NAME_CHARS:
        found.append(f"has {len(name)} characters, {MAX_NAME_CHARS} are allowed")
    if any(char.isascii() and char.isupper() for char in name):
        found.append("has upper-case letters")
    if foreign := sorted({char for char in name if not re.match("[a-zA-Z0-9-]", char)}):
        listed = ", ".join(_shown(char) for char in foreign[:5])
        found.append(f"has {listed}; only a-z, 0-9 and hyphens are allowed")
    if name.startswith("-") or name.endswith("-"):
        found.append("starts or ends with a hyphen")
    if "--" in name:
        found.append("has two hyphens in a row")
    return found


def _suggestion(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name[: 4 * MAX_NAME_CHARS]).casefold().encode("ascii", "ignore").decode()
    proposed = re.sub("[^a-z0-9]+", "-", plain)[:MAX_NAME_CHARS].strip("-")
    if not proposed or proposed in WINDOWS_DEVICES:
        proposed = f"{proposed or 'my'}-skill"
    return proposed


def _is_one_edit(a: str, b: str) -> bool:
    """One character inserted, left out or replaced, or two neighbours exchanged."""
    shorter, longer = sorted((a, b), key=len)
    if len(longer) - len(shorter) > 1:
        return False
    at = next((i for i, char in enumerate(shorter) if char != longer[i]), len(shorter))
    if len(shorter) < len(longer):
        return shorter[at:] == longer[at + 1 :]
    swapped = shorter[at + 1 : at + 2] + shorter[at : at + 1] + shorter[at + 2 :]
    return shorter[at + 1 :] == longer[at + 1 :] or swapped == longer[at:]


def _shown(text: str) -> str:
    """Foreign text in a message: escaped, so that nothing in it can pose as something else, and short."""
    return ascii(text if len(text) <= MAX_NAME_CHARS else f"{text[:MAX_NAME_CHARS]}...")


def _fault(code: str, message: str, hint: str, file: str | None = None, line: int | None = None) -> Fault:
    return Fault(code=code, message=message, hint=hint, file=file, line=line)
