"""Dependencies as manifests and uploads write them, in three forms, read to one: `ns/slug` → range of versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from skillyard.skill.faults import SkillError
from skillyard.skill.names import SkillName
from skillyard.skill.reading import Place, as_list, as_map, as_text, quoted
from skillyard.skill.versions import Range

MAX_DEPENDENCIES = 200
_MAX_CHARS = 300
_ANY = "*"
_HINT = "write it as acme/pdf@^1.2.0"

Stated = tuple[str, object, Place]  # name, range, where


def read_dependencies(value: object, place: Place) -> dict[str, str] | None:
    """Read a map `{"ns/slug": range}`, a list of `"ns/slug@range"` or of `{namespace, slug | skill,
    version_requirement}`, or one text with commas between `ns/slug@range`.

    No range, `latest` and `*` are any version. None when nothing is stated. Sorted by name.
    """
    if value is None or value == "":
        return None
    wanted: dict[str, str] = {}
    for name, stated, where in _stated(value, place):
        parsed, text = _read_name(name, where), _read_range(stated, where)
        if parsed is None or text is None:
            continue
        if wanted.setdefault(parsed, text) != text:
            message = f"{parsed} is wanted as {quoted(wanted[parsed])} and as {quoted(text)}"
            where.refuse("contradiction", message, "keep one of them")
    if len(wanted) > MAX_DEPENDENCIES:
        message = f"the skill has {len(wanted)} dependencies, {MAX_DEPENDENCIES} are allowed"
        place.refuse("too_many", message, "split the skill")
    return dict(sorted(wanted.items()))


def _stated(value: object, place: Place) -> Iterator[Stated]:
    if isinstance(value, str):
        entries = value.replace("\n", ",").split(",")
        yield from (_split(entry.strip(), place) for entry in entries if entry.strip())
    elif isinstance(value, list):
        for index, item in enumerate(as_list(value, place, most=2 * MAX_DEPENDENCIES, hint=_HINT)):
            yield from _stated_item(item, place.at(index))
    else:
        for name, stated in as_map(value, place, hint=_HINT).items():
            yield name, stated, place.at(name)


def _stated_item(item: object, place: Place) -> Iterator[Stated]:
    if isinstance(item, str):
        yield _split(item.strip(), place)
    elif isinstance(item, Mapping):
        given = item.get("skill", item.get("slug"))
        slug = as_text(given, place, most_chars=_MAX_CHARS) or ""
        namespace = as_text(item.get("namespace"), place, most_chars=_MAX_CHARS)
        yield (
            slug if namespace is None or "/" in slug else f"{namespace}/{slug}",
            item.get("version_requirement"),
            place,
        )
    else:
        place.refuse_type("a dependency", _HINT)


def _split(text: str, place: Place) -> Stated:
    """`@` before the name is a spelling of the namespace; the next one begins the range."""
    name, _, stated = text.removeprefix("@").partition("@")
    return name.strip(), stated, place


def _read_name(text: str, place: Place) -> str | None:
    try:
        return str(SkillName.parse(text))
    except SkillError as error:
        place.refuse_for(error)
        return None


def _read_range(stated: object, place: Place) -> str | None:
    text = _ANY if stated is None else stated
    if not isinstance(text, str):
        place.refuse_type("a range of versions in quotes", "write it as ^1.2.0")
        return None
    text = " ".join(text.split())
    if text in ("", "latest"):
        return _ANY
    try:
        wanted = Range.parse(text)
    except SkillError as error:
        place.refuse_for(error)
        return None
    if wanted.is_empty:
        place.refuse("empty_range", f"no version can ever satisfy {quoted(text)}", "write it as ^1.2.0")
        return None
    return text
