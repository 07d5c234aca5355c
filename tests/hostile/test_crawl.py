"""A stranger, and somebody signed in, ask for everything that every surface has an address for: nothing that is for
sale is in any answer, also not from what was kept while it was free.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

import pytest

from skillyard.api.asgi import build_asgi
from skillyard.api.native.addresses import PREFIX
from skillyard.api.native.application import every_route as native_routes
from skillyard.api.native.documents import Documents
from skillyard.api.skilldock.routes import every_route as skilldock_routes
from skillyard.api.stack.routes import every_route as stack_routes
from skillyard.api.tank.routes import every_route as tank_routes
from skillyard.domain.registry.releases import get_release
from skillyard.domain.registry.sale import set_sale
from skillyard.skill.names import SkillName
from tests.api.asgi import Answer, call
from tests.domain.payments.shop import Shop
from tests.makers import a_release, indexed, secret_of

FILE, BODY, ABOUT = "paid-file-7391", "paid-text-7392", "paid-description-7393"
HIDDEN, OPEN = SkillName("sal", "hidden"), SkillName("sal", "open")


@pytest.fixture
def paths(shop: Shop) -> list[str]:
    """Of a private skill and a public one."""
    for name, visibility in ((HIDDEN, "private"), (OPEN, "public")):
        a_release(
            shop.app, shop.sal, str(name), visibility=visibility, body=f"# {BODY}-{name.slug}",
            description=f"{ABOUT}-{name.slug}", files={"references/more.md": f"{FILE}-{name.slug}"},
        )  # fmt: skip
    found: list[str] = []
    for name in (HIDDEN, OPEN):
        release = get_release(shop.app, shop.sal, name=name, version="latest")
        found += list(addresses(name, release.archive.sha256, release.id))
    return found


def addresses(name: SkillName, sha256: str, release_id: str) -> Iterator[str]:
    namespace, slug = name.namespace, name.slug
    values: Mapping[str, list[str]] = {
        "namespace": [namespace, namespace.upper()], "slug": [slug], "version": ["1.0.0", "latest"], "sha256": [sha256],
        "path": ["SKILL.md", "references/more.md"],
        "path:path": ["SKILL.md", "references/more.md", "./SKILL.md"],
        "name": [f"%40{namespace}%2F{slug}", f"@{namespace}/{slug}", f"{namespace}/{slug}", slug],
        "user_id": [namespace], "username": ["sal"],
        "level": ["0", "entries"], "index:path": ["000", "000.p/1", "000.p/5"],
    }  # fmt: skip
    pages = [
        "/", "/search", "/search?q=paid", f"/{namespace}/{slug}", f"/{namespace}/{slug}?version=1.0.0",
        *(f"/{namespace}/{slug}/1.0.0/files/{path}" for path in values["path"]),
    ]  # fmt: skip
    yield from pages
    for query in ("q=paid", f"skill={name}", "q=hidden"):
        yield f"{PREFIX}/skills?{query}"
        yield f"{PREFIX}/log/entries?{query}"
        yield f"/tank{PREFIX}/search?{query}"
        yield f"/tank{PREFIX}/skills/top?{query}"
    for mount, routes in (
        (PREFIX, native_routes()),
        (f"/tank{PREFIX}", tank_routes()),
        ("/skilldock", skilldock_routes()),
        ("/stack", stack_routes()),
    ):
        for route in routes:
            if "GET" not in (route.methods or ()):
                continue
            fields = re.findall(r"{([^}]+)}", route.path)
            if not all(field in values for field in fields):
                continue
            for chosen in product(*(values[field] for field in fields)):
                path = route.path
                for field, value in zip(fields, chosen, strict=True):
                    path = path.replace(f"{{{field}}}", value)
                yield mount + path
    yield f"/tank{PREFIX}/tarballs/{release_id}?expires=99999999999999&signature=x"


def text_of(answer: Answer) -> str:
    """What is in it, unpacked where it is an archive."""
    if answer.body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
            return "".join(archive.read(one).decode() for one in archive.namelist())
    return answer.body.decode("utf-8", "replace")


# Of a public skill everybody may read the text, and nobody the other files.
WITHHELD = (f"{FILE}-hidden", f"{BODY}-hidden", f"{ABOUT}-hidden", f"{FILE}-open")


def test_nothing_for_sale_is_in_any_answer(shop: Shop, paths: list[str], tmp_path: Path) -> None:
    documents = Documents(shop.app)
    site = build_asgi(shop.app, documents)
    indexed(shop.app)
    before = {path: call(site, "GET", path) for path in paths}
    assert any(FILE in text_of(answer) for answer in before.values()), "the crawl finds what is free"
    for name in (HIDDEN, OPEN):
        set_sale(shop.app, shop.sal, name=name, is_for_sale=True, selling_text="Very good.")
    indexed(shop.app)
    headers: tuple[Mapping[str, str], ...] = ({}, {"authorization": f"Bearer {secret_of(shop.bob)}"})
    found, stale, answered = [], [], 0
    for path, sent in product(paths, headers):
        for method in ("GET", "HEAD"):
            answer = call(site, method, path, headers=sent)
            answered += answer.status == 200
            assert answer.status < 500, (path, answer)
            found += [(path, word) for word in WITHHELD if word in text_of(answer)]
        etag = before[path].headers.get("etag")
        if etag and call(site, "GET", path, headers={**sent, "if-none-match": etag}).status == 304:
            stale.append(path)
    assert answered > 100
    assert found == []
    assert [path for path in stale if "files" in path or "archive" in path or "blobs" in path] == []
