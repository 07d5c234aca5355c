"""Comments are read from the cells of a message; bodies that were made to break the reader say nothing."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytoniq_core import Cell, begin_cell
from ton_core import EncryptedTextCommentBody, TextCommentBody

from skillyard.domain.payments.ton.comment import MOST_BODY_CHARS, read_bounced_comment, read_comment


def boc(cell: Cell) -> str:
    return base64.b64encode(cell.to_boc()).decode()


def chain(*parts: bytes) -> Cell:
    """Cells that hang one from another."""
    last: Cell | None = None
    for part in reversed(parts):
        builder = begin_cell().store_bytes(part)
        last = (builder.store_ref(last) if last else builder).end_cell()
    assert last is not None
    return last


@given(st.text(min_size=1, max_size=400))
def test_what_a_wallet_writes_is_read(text: str) -> None:
    assert read_comment(boc(TextCommentBody(text).serialize())) == text


@given(st.text(min_size=1, max_size=30), st.integers(0, 40))
def test_it_may_be_cut_into_cells_anywhere(text: str, place: int) -> None:
    data = bytes(4) + text.encode()
    assert read_comment(boc(chain(data[:place], data[place:]))) == text


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not base64!",
        base64.b64encode(b"\xb5\xee\x9c\x72").decode(),
        boc(Cell.empty()),
        boc(chain(bytes(4))),
        boc(chain(b"\0\0\0\1hello")),
        boc(chain(b"\x0f\x8a\x7e\xa5" + bytes(20))),
        boc(EncryptedTextCommentBody(bytes(32), bytes(16), bytes(16)).serialize()),
        boc(chain(bytes(4) + b"\xff\xfe")),
        boc(chain(*([bytes(4)] + [b"x"] * 40))),
        boc(begin_cell().store_uint(0, 32).store_uint(1, 3).end_cell()),
        boc(begin_cell().store_bytes(bytes(4) + b"a").store_ref(chain(b"b")).store_ref(chain(b"c")).end_cell()),
    ],
    ids=["empty", "no base64", "cut off", "no bits", "no text", "own operation", "jetton", "encrypted", "no UTF-8",
         "too deep", "no whole bytes", "a tree"],
)  # fmt: skip
def test_what_is_no_comment_says_nothing(body: str) -> None:
    assert read_comment(body) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_a_comment_or_none(data: bytes) -> None:
    for start in (b"", b"\xb5\xee\x9c\x72\x01\x01"):
        assert read_comment(base64.b64encode(start + data).decode()) is None


@given(st.text(min_size=1, max_size=40), st.data())
def test_a_damaged_bag_never_raises(text: str, data: st.DataObject) -> None:
    good = bytearray(chain(bytes(4), text.encode()).to_boc())
    good[data.draw(st.integers(0, len(good) - 1))] ^= data.draw(st.integers(1, 255))
    assert isinstance(read_comment(base64.b64encode(good).decode()), str | None)


def test_a_huge_body_costs_nothing() -> None:
    began = time.process_time()
    assert read_comment("A" * 50_000_000) is None
    assert read_comment(base64.b64encode(bytes(MOST_BODY_CHARS // 2)).decode()) is None
    assert time.process_time() - began < 0.5


def test_what_comes_back_shows_how_the_comment_began() -> None:
    sent = bytes(4) + b"po_01jd0000000000000000000abc"
    back = boc(begin_cell().store_bytes(b"\xff" * 4 + sent[:32]).end_cell())
    assert read_bounced_comment(back) == "po_01jd0000000000000000000ab"
    assert read_bounced_comment(boc(chain(sent))) is None
    assert read_comment(back) is None
