"""Publish what has no folder yet, and change what is on offer. Each goes through an ordinary release: one digest."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.market import rules
from skillyard.domain.market.errors import OfferNotValid, OfferQuarantined
from skillyard.domain.market.events import OfferChanged
from skillyard.domain.market.follow import look_at_skill
from skillyard.domain.market.model import Offer, OfferChanges, OfferSpec
from skillyard.domain.market.offers import see_own_offer
from skillyard.domain.market.store import offers as store
from skillyard.domain.registry import access
from skillyard.domain.registry.files import unpack_release
from skillyard.domain.registry.model import Wish
from skillyard.domain.registry.publish import publish
from skillyard.skill.archive import pack, skill_files
from skillyard.skill.executable import EXECUTABLE_FILE, Executable, read_price, read_trust_level
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.fields import read_tags
from skillyard.skill.files import SKILL_FILE
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import NO_PERMISSIONS
from skillyard.skill.reading import UNREADABLE, Place
from skillyard.skill.schemas import read_schema
from skillyard.skill.versions import Version

_PERMISSIONS_FILE = "skills.json"


def publish_offer(app: App, caller: Caller, spec: OfferSpec) -> Offer:
    """Pack a skill from the spec, publish it, and put it on offer.

    Raises what publishing raises (SkillRefused with every fault, ReleaseExists …), OfferNotValid and OfferQuarantined.
    """
    caller.must("offer", on=str(spec.name))
    _publish(app, caller, spec.name, spec.version, _files_of(spec))
    return _take_in(app, spec.name, agent_id=spec.agent_id)


def update_offer(app: App, caller: Caller, *, offer_id: str, changes: OfferChanges) -> Offer:
    """Change the terms, at once; with a version or a schema, by a new release that is like the one before otherwise.

    Raises OfferNotFound, NotTheProvider, OfferNotValid with every fault, or what publishing raises.
    """
    with app.database.reading() as tx:
        offer = see_own_offer(tx, caller, offer_id)
    executable = _changed_executable(offer, changes)
    terms = _changed_terms(offer, changes)
    if changes.needs_release:
        executable = replace(executable, price=terms.price, trust_level=terms.trust_level)
        _publish_again(app, caller, offer, executable, version=changes.version)
    with app.database.transaction() as tx:
        tx.lock(f"offer {offer.id}")
        now = see_own_offer(tx, caller, offer_id)
        changed = replace(
            now, description=terms.description, tags=terms.tags, trust_level=terms.trust_level, price=terms.price,
            updated_ms=app.clock.now_ms(),
        )  # fmt: skip
        store.set_offer(tx, changed)
        event = OfferChanged(
            offer_id=changed.id, name=changed.name, status=changed.status.value, by=caller.identity[1]
        )  # fmt: skip
        app.events.record(tx, event)
    return changed


def _changed_terms(offer: Offer, changes: OfferChanges) -> Offer:
    """Raises OfferNotValid with every fault."""
    faults: list[Fault] = []
    place = Place(faults=faults)
    description = offer.description
    if changes.description is not None:
        description = changes.description.strip()
        if not 1 <= len(description) <= rules.MAX_DESCRIPTION_CHARS or UNREADABLE.search(description):
            hint = f"say what it does, in 1 to {rules.MAX_DESCRIPTION_CHARS} visible characters"
            place.at("description").refuse("bad_description", "the description is empty, or too long", hint)
    tags = offer.tags if changes.tags is None else read_tags(list(changes.tags), place.at("tags")) or ()
    trust_level = offer.trust_level
    if changes.trust_level is not None:
        trust_level = read_trust_level(changes.trust_level, place.at("trust_level"))
    price = offer.price if changes.price is None else read_price(changes.price, place.at("price"))
    _refuse(faults)
    return replace(offer, description=description, tags=tags, trust_level=trust_level, price=price)


def _changed_executable(offer: Offer, changes: OfferChanges) -> Executable:
    faults: list[Fault] = []
    place = Place(faults=faults)
    read = offer.executable
    if changes.input_schema is not None:
        schema = read_schema(changes.input_schema, place.at("input_schema"))
        read = replace(read, input_schema=schema or read.input_schema)
    if changes.output_schema is not None:
        schema = read_schema(changes.output_schema, place.at("output_schema"))
        read = replace(read, output_schema=schema or read.output_schema)
    _refuse(faults)
    return read


def _publish_again(app: App, caller: Caller, offer: Offer, executable: Executable, *, version: str | None) -> None:
    name = SkillName.parse(offer.name)
    with app.database.reading() as tx:
        release = access.get_release(tx, name, offer.version)
    files = dict(unpack_release(app, release).contents)
    _publish(app, caller, name, version or _next_patch(offer.version), {**files, EXECUTABLE_FILE: _json(executable)})
    _take_in(app, name)


def _publish(app: App, caller: Caller, name: SkillName, version: str, files: Mapping[str, bytes]) -> None:
    try:
        archive = pack(skill_files(files, limits=app.archive_limits), limits=app.archive_limits)
    except SkillError as error:
        raise OfferNotValid(**rules.listed(error.faults)) from None
    new = publish(app, caller, Wish(name=name, version=version, overrules=True), io.BytesIO(archive)).release
    if not new.status.is_offered:
        raise OfferQuarantined(name=new.name, version=new.version, why=" ".join(new.reasons))


def _take_in(app: App, name: SkillName, *, agent_id: str | None = None) -> Offer:
    """At once: nobody has to wait for the events to be followed."""
    offer = look_at_skill(app, name, agent_id=agent_id)
    assert offer is not None, "it was published just now"
    return offer


def _files_of(spec: OfferSpec) -> dict[str, bytes]:
    files = {SKILL_FILE: _skill_file(spec), EXECUTABLE_FILE: _json(spec.executable), **spec.files}
    if spec.permissions != NO_PERMISSIONS:
        files[_PERMISSIONS_FILE] = _pretty({"permissions": spec.permissions.show()})
    return files


def _skill_file(spec: OfferSpec) -> bytes:
    """Texts as JSON writes them are texts in YAML, too."""
    fields = [f"name: {spec.name.slug}", f"description: {json.dumps(spec.description, ensure_ascii=False)}"]
    metadata = {"version": spec.version, "tags": ", ".join(spec.tags)}
    lines = [f"  {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in metadata.items() if value]
    text = "\n".join(["---", *fields, "metadata:", *lines, "---", "", f"# {spec.name.slug}", "", spec.description, ""])
    return text.encode(errors="surrogatepass")


def _json(executable: Executable) -> bytes:
    return _pretty(executable.show())


def _pretty(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode(errors="surrogatepass") + b"\n"


def _next_patch(version: str) -> str:
    now = Version.parse(version)
    return f"{now.major}.{now.minor}.{now.patch + (0 if now.is_prerelease else 1)}"


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise OfferNotValid(**rules.listed(faults))
