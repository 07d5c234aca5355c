"""What the registry holds becomes what is on offer: each skill whose latest release has an `executable.json`."""

from __future__ import annotations

from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.directory import find_first_owner
from skillyard.domain.market import rules
from skillyard.domain.market.events import OfferChanged, OfferPublished
from skillyard.domain.market.model import Offer, OfferStatus
from skillyard.domain.market.store import offers as store
from skillyard.domain.registry import access
from skillyard.domain.registry.errors import ReleaseNotFound, SkillNotFound
from skillyard.domain.registry.files import list_paths, unpack_release
from skillyard.domain.registry.model import DEFAULT_CHANNEL, FEED, Release, Visibility
from skillyard.infra.database import Tx
from skillyard.infra.events import read_after
from skillyard.infra.ids import new_id
from skillyard.skill.executable import EXECUTABLE_FILE, Executable, find_executable
from skillyard.skill.names import SkillName

BY_ITSELF = "registry"
_CURSOR = "registry"
_KINDS = frozenset(event.kind for event in FEED)


def follow_registry(app: App) -> int:
    """Take in the next events; how many there were. Taking one in twice changes nothing."""
    with app.database.reading() as tx:
        batch = read_after(tx, store.followed_to(tx, _CURSOR))
    for name in dict.fromkeys(event.data["name"] for event in batch if event.kind in _KINDS):
        look_at_skill(app, SkillName.parse(name))
    if batch:
        with app.database.transaction() as tx:
            store.set_followed(tx, _CURSOR, batch[-1].position)
    return len(batch)


def look_at_skill(app: App, name: SkillName, *, agent_id: str | None = None) -> Offer | None:
    """Bring its offer to what the registry has of it now. None when it is not, and never was, one to invoke."""
    with app.database.reading() as tx:
        release = _find_latest(tx, name)
        is_executable = release is not None and EXECUTABLE_FILE in list_paths(tx, release)
        known = store.find_by_name(tx, str(name))
    if known is None and not is_executable:
        return None
    executable = _read_executable(app, release) if release is not None and is_executable else None
    with app.database.transaction() as tx:
        tx.lock(f"offer of {name}")
        known = store.find_by_name(tx, str(name))
        if known is not None:
            tx.lock(f"offer {known.id}")
            known = store.find_offer(tx, known.id)
        if known is None:
            return _add(app, tx, release, executable, agent_id) if release and executable else None
        return _bring_on(app, tx, known, release, executable)


def _find_latest(tx: Tx, name: SkillName) -> Release | None:
    """What a new install would get; None when nothing is on offer."""
    try:
        return access.get_release(tx, name, DEFAULT_CHANNEL)
    except (ReleaseNotFound, SkillNotFound):
        return None


def _read_executable(app: App, release: Release) -> Executable | None:
    """None for a file that an earlier version of this server let in, and that is not good."""
    return find_executable(unpack_release(app, release))[0]


def _add(app: App, tx: Tx, release: Release, executable: Executable, agent_id: str | None) -> Offer | None:
    owner_id = find_first_owner(tx, release.namespace)
    if owner_id is None:
        return None
    now_ms = app.clock.now_ms()
    new = Offer(
        id=new_id("skl"),
        name=release.name,
        owner_id=owner_id,
        agent_id=agent_id,
        version=release.version,
        digest=release.digest,
        description=release.description,
        tags=release.tags,
        trust_level=executable.trust_level,
        price=executable.price,
        executable=executable,
        status=_first_status(app, tx, owner_id, release),
        is_offered=release.is_offered,
        created_ms=now_ms,
        updated_ms=now_ms,
    )
    if not store.add_offer(tx, new):
        return store.find_by_name(tx, release.name)
    app.events.record(tx, _published(new))
    return new


def _bring_on(app: App, tx: Tx, known: Offer, release: Release | None, executable: Executable | None) -> Offer:
    if release is None or executable is None:
        return _set(app, tx, known, replace(known, is_offered=False))
    changed = replace(known, is_offered=release.is_offered, status=_status(app, known, release))
    if release.version != known.version:
        changed = replace(
            changed,
            version=release.version,
            digest=release.digest,
            description=release.description,
            tags=release.tags,
            trust_level=executable.trust_level,
            price=executable.price,
            executable=executable,
        )
    return _set(app, tx, known, changed)


def _set(app: App, tx: Tx, known: Offer, changed: Offer) -> Offer:
    if changed == known:
        return known
    changed = replace(changed, updated_ms=app.clock.now_ms())
    if changed.version != known.version:
        store.add_release(tx, changed)
        store.set_offer(tx, changed)
        app.events.record(tx, _published(changed))
    else:
        store.set_offer(tx, changed)
        event = OfferChanged(offer_id=changed.id, name=changed.name, status=changed.status.value, by=BY_ITSELF)
        app.events.record(tx, event)
    return changed


def _first_status(app: App, tx: Tx, owner_id: str, release: Release) -> OfferStatus:
    """As the operator wants new ones to be looked at: none, those of new sellers, or all."""
    review = app.settings.market_review
    if review == "all" or (review == "new_sellers" and not store.has_approved(tx, owner_id)):
        return OfferStatus.PENDING_REVIEW
    return _found_or_not(release)


def _status(app: App, known: Offer, release: Release) -> OfferStatus:
    """A new release of what was rejected, or of anything where all are looked at, waits for a review: also of what was
    suspended, or nobody would look at it before it is activated.
    """
    review, is_new = app.settings.market_review, release.version != known.version
    if is_new and (review == "all" or known.status is OfferStatus.REJECTED):
        return OfferStatus.PENDING_REVIEW
    stays = (OfferStatus.SUSPENDED, OfferStatus.PENDING_REVIEW, OfferStatus.REJECTED)
    return known.status if known.status in stays else _found_or_not(release)


def _found_or_not(release: Release) -> OfferStatus:
    return rules.found_or_not(is_public=release.visibility is Visibility.PUBLIC)


def _published(offer: Offer) -> OfferPublished:
    return OfferPublished(offer_id=offer.id, name=offer.name, version=offer.version, status=offer.status.value)
