"""Names in one flat space: `pdf` for the one public skill that bears it, else `acme--pdf`.

A slug that was handed out keeps its meaning: what is published later under the same one is shown with its namespace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from skillyard.app import App
from skillyard.domain.drive.slug_errors import SlugAmbiguous, SlugNotFound
from skillyard.domain.drive.store import slugs as store
from skillyard.domain.registry.bearers import list_bearers
from skillyard.skill.names import SkillName, check_name

BETWEEN = "--"  # stands in no name
_SHOWN_CHARS = 130
_SHOWN_BEARERS = 5


def show_slugs(app: App, names: Iterable[str]) -> dict[str, str]:
    """Name → slug, for each of these skills; hands slugs out where that was not done before."""
    slugs = {name: name.partition("/")[2] for name in names}
    meant = _hand_out(app, slugs.values())
    return {name: slug if meant.get(slug) == name else name.replace("/", BETWEEN) for name, slug in slugs.items()}


def find_name(app: App, text: str) -> SkillName:
    """The skill meant by `pdf`, `acme--pdf` or `acme/pdf`; whether the caller may see it, others ask.

    Raises SkillError for one that is no name, SlugNotFound, and SlugAmbiguous where several bear it and none was first.
    """
    if "/" in text or BETWEEN in text:
        return SkillName.parse(text if "/" in text else text.replace(BETWEEN, "/", 1))
    if check_name(text):
        raise SlugNotFound(slug=text[:_SHOWN_CHARS])
    name = _hand_out(app, [text]).get(text)
    if name is None:
        with app.database.reading() as tx:
            bearers = list_bearers(tx, [text], most=_SHOWN_BEARERS)[text]
        raise _unclear(text, bearers)
    return SkillName.parse(name)


def find_names(app: App, texts: Iterable[str]) -> dict[str, SkillName]:
    """Text → the skill meant by it, as `find_name` reads it; nothing for those that mean none."""
    found, short = {}, []
    for text in set(texts):
        namespace, _, slug = text.replace(BETWEEN, "/", 1).rpartition("/")
        if not check_name(text):
            short.append(text)
        elif not check_name(namespace) and not check_name(slug):
            found[text] = SkillName(namespace, slug)
    meant = _hand_out(app, short)
    return found | {text: SkillName.parse(meant[text]) for text in short if text in meant}


def _hand_out(app: App, slugs: Iterable[str]) -> Mapping[str, str]:
    """Slug → what it means from now on; nothing for those that several bear, or none."""
    wanted = sorted(set(slugs))
    with app.database.reading() as tx:
        known = store.list_names(tx, wanted)
        bearers = list_bearers(tx, [slug for slug in wanted if slug not in known])
    fresh = {slug: names[0] for slug, names in bearers.items() if len(names) == 1}
    if not fresh:
        return known
    with app.database.transaction() as tx:
        for slug, name in fresh.items():
            store.add(tx, slug, name)
        return store.list_names(tx, wanted)


def _unclear(slug: str, bearers: list[str]) -> SlugNotFound | SlugAmbiguous:
    if not bearers:
        return SlugNotFound(slug=slug)
    return SlugAmbiguous(slug=slug, names=" or ".join(name.replace("/", BETWEEN) for name in bearers))
