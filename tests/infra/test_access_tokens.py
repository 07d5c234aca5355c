from __future__ import annotations

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from skillyard.infra.access_tokens import TokenSigner

KEY = b"k" * 32
HERE = "https://skills.example.org"


def a_token(signer: TokenSigner) -> str:
    return signer.sign(token_id="tok_1", subject="usr_1", issued_ms=1_800_000_000_000, expires_ms=1_800_003_600_999)


def test_it_is_a_jwt_that_others_can_read_and_check() -> None:
    """Read by a library that knows nothing of how it was made."""
    read = jwt.decode(a_token(TokenSigner(KEY, issuer=HERE)), OctKey.import_key(KEY), algorithms=["HS256"])
    salt = read.claims.pop("salt")
    assert read.claims == {
        "iss": HERE, "aud": HERE, "sub": "usr_1", "jti": "tok_1", "iat": 1_800_000_000, "exp": 1_800_003_600,
    }  # fmt: skip
    assert len(salt) == 32
    assert read.header["typ"] == "at+jwt"


def test_no_two_are_the_same() -> None:
    signer = TokenSigner(KEY, issuer=HERE)
    assert a_token(signer) != a_token(signer)


def test_only_ours_are_ours() -> None:
    signer = TokenSigner(KEY, issuer=HERE)
    token = a_token(signer)
    assert signer.is_ours(token)
    assert not signer.is_ours(a_token(TokenSigner(b"x" * 32, issuer=HERE)))


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "A", lambda t: t.replace(".", "", 1), str.lower])
def test_a_changed_one_is_not(change: object) -> None:
    signer = TokenSigner(KEY, issuer=HERE)
    assert callable(change)
    assert not signer.is_ours(change(a_token(signer)))


@pytest.mark.parametrize("wrong", ["", ".", "..", "é.é.é", "a.b.c"])
def test_nonsense_is_not(wrong: str) -> None:
    assert not TokenSigner(KEY, issuer=HERE).is_ours(wrong)
