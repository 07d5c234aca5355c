"""What the rights on every surface are probed with: one application, and the tokens of three callers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from skillyard.api.asgi import build_asgi
from skillyard.api.entrance import Entrance
from skillyard.api.native.documents import Documents
from skillyard.app import App
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from tests.makers import a_person, a_release, make_app, secret_of


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    made = make_app(tmp_path_factory.mktemp("rights"), reads_per_minute=10**6, writes_per_minute=10**6)
    yield made
    made.close()


@pytest.fixture(scope="module")
def site(app: App) -> Entrance:
    """All surfaces of it."""
    return build_asgi(app, Documents(app))


@pytest.fixture(scope="module")
def tokens(app: App) -> dict[str, str | None]:
    """Of nobody, of a stranger, and a narrow one of the owner of the private skill ada/hidden."""
    owner, stranger = a_person(app, "ada"), a_person(app, "eve")
    a_release(app, owner, name="ada/hidden", visibility="private")
    reader = create_token(app, owner, name="narrow", scopes=[Scope.READ], expires_in_days=1).secret
    return {"nobody": None, "stranger": secret_of(stranger), "reader": reader}
