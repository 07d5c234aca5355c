"""Look for skills, and at one of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client

Registry = Annotated[
    str | None, Parameter(help="Address of the registry; else SKILLYARD_REGISTRY, else the last login.")
]


def search(
    *words: str,
    namespace: str | None = None,
    tag: list[str] | None = None,
    agent: str | None = None,
    sort: Literal["relevance", "updated", "downloads", "name"] | None = None,
    limit: int = 20,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Find skills by words; typing errors and beginnings of words are forgiven."""
    with Client(registry) as client:
        page = client.search(" ".join(words), namespace=namespace, tags=tag or (), agent=agent, sort=sort, limit=limit)
    if json:
        return show.data(page)
    rows = [(item["name"], item["latest_version"] or "-", _first_line(item["description"])) for item in page["items"]]
    show.table(["skill", "version", "description"], rows)
    show.talk("[dim]{shown} of {total}[/]", shown=len(rows), total=page["total"])
    return None


def info(
    skill: str,
    /,
    *,
    files: Annotated[bool, Parameter(negative="", help="List its files.")] = False,
    scan: Annotated[bool, Parameter(negative="", help="Show what the scan found, appeals and overrides.")] = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Show a skill, or one release of it as ns/slug@1.2.0: versions, dependencies, permissions, how far to trust it."""
    name, _, version = skill.partition("@")
    with Client(registry) as client:
        document: dict[str, Any] = dict(client.release(name, version) if version else client.skill(name))
        release: dict[str, Any] | None = document if version else document["latest"]
        listed = client.files(name, release["version"]) if files and release else []
        place = f"/skills/{name.removeprefix('@')}/releases/{release['version']}/scan" if release else ""
        scanned = client.get_json(place) if scan and release else None
        sale = client.sale(name) if document.get("is_for_sale") else None
    if json:
        more = {"files": listed if files else None, "scan": scanned, "sale": sale}
        return show.data({**document, **{key: value for key, value in more.items() if value is not None}})
    _show_skill(document, release)
    if sale is not None:
        _show_sale(document["name"], sale)
    elif document.get("is_sealed"):
        show.line("\nInvoke it: [bold]skillyard invoke {name}[/]", name=document["name"])
    elif release is not None:
        show.line("\nInstall it: [bold]skillyard install {name}[/]", name=document["name"])
    if scanned:
        _show_scan(scanned)
    for file in listed:
        show.line("  {path}  [dim]{size} bytes[/]", path=file["path"], size=file["size_bytes"])
    return None


def _show_skill(document: dict[str, Any], release: dict[str, Any] | None) -> None:
    version = release["version"] if release else "no release"
    show.line("[bold]{name}[/] {version}  [dim]{seen}[/]", name=document["name"], version=version,
              seen=document.get("visibility", ""))  # fmt: skip
    show.line("{description}", description=document["description"])
    if release is None:
        return
    facts = {
        "licence": release["license"],
        "tags": ", ".join(release["tags"]),
        "channels": ", ".join(f"{channel} {at}" for channel, at in document.get("channels", {}).items())
        if isinstance(document.get("channels"), dict)
        else ", ".join(release["channels"]),
        "needs": ", ".join(f"{name} {wanted}" for name, wanted in release["dependencies"].items()),
        "may": "; ".join(_permissions(release["permissions"])),
        "a run": f"{credits} credits" if (credits := release.get("credits_per_run")) else None,
        "scan": f"{release['verdict']}, {release['score']} of 10" if release["verdict"] else None,
        "digest": release["digest"],
        "published": f"{release['published_at']} by {release['published_by']}",
        "built from": _origin(release.get("provenance") or {}),
        "yanked": (release["yanked"] or {}).get("reason"),
        "deprecated": (release["deprecated"] or {}).get("message"),
    }
    for name, value in facts.items():
        if value:
            show.line("  [dim]{name:<10}[/] {value}", name=name, value=value)
    for reason in release["reasons"]:
        show.line("  [red]{status}[/] {reason}", status=release["status"], reason=reason)


def _show_sale(name: str, sale: dict[str, Any]) -> None:
    prices = ", ".join(f"{price['amount']} {price['asset']}" for price in sale["prices"]) or "no price yet"
    show.line(
        "  [dim]{what:<10}[/] {prices}, sold {sold} times", what="for sale", prices=prices, sold=sale["sold_total"]
    )
    verb = "buy" if sale["access"]["can_buy"] else "install"
    show.line("\n{what} it: [bold]skillyard {verb} {name}[/]", what=verb.capitalize(), verb=verb, name=name)


def _origin(provenance: dict[str, Any]) -> str:
    """Which run of a CI system made the release; nothing when a person did."""
    parts = {"": "repository", "at ": "commit", "run ": "run_id", "sworn by ": "issuer"}
    return " ".join(f"{word}{provenance[name]}" for word, name in parts.items() if provenance.get(name))


def _show_scan(scanned: dict[str, Any]) -> None:
    from skillyard.cli.trust import show_findings

    show_findings(scanned["report"])
    for gap in (scanned["permissions"]["observed"] or {}).get("gaps", []):
        show.line("  [yellow]ran here[/] it {text}", text=gap["text"])
    for one in scanned["overrides"]:
        show.line("  override {id}: {rule} is lifted by {made_by} until {expires_at}: {reason}", **one)
    for one in scanned["appeals"]:
        show.line(
            "  appeal {id}: {rule}, {state}: {reason}", **{key: one[key] for key in ("id", "rule", "state", "reason")}
        )


def _permissions(value: dict[str, Any]) -> list[str]:
    from skillyard.skill.permissions import read_permissions

    return read_permissions(value)[0].describe()


def _first_line(text: str) -> str:
    line = text.strip().splitlines()[0] if text.strip() else ""
    return line if len(line) <= 100 else f"{line[:97]}..."
