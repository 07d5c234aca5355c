"""Memos: a typing mistake never names another invoice; the link says what to pay."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from skillyard.domain.payments.ton.link import payment_link
from skillyard.domain.payments.ton.memo import PREFIX, new_memo, read_memo

memos = st.builds(new_memo)
typed = st.characters(codec="ascii", min_codepoint=33)


def test_memos_are_thirteen_characters_and_never_the_same() -> None:
    made = {new_memo() for _ in range(2000)}
    assert len(made) == 2000
    assert all(len(memo) == 13 and memo.startswith(PREFIX) and read_memo(memo) == memo for memo in made)


@given(memos)
def test_a_memo_is_read_however_it_is_copied(memo: str) -> None:
    spoken = memo.lower().replace("0", "o").replace("1", "l")
    assert read_memo(spoken) == read_memo(memo.replace("1", "I")) == memo
    assert read_memo(f"  {memo[:6]}-{memo[6:]} \n") == memo


@given(memos, st.integers(0, 12), typed)
def test_one_wrong_character_never_names_another_invoice(memo: str, place: int, character: str) -> None:
    assert read_memo(memo[:place] + character + memo[place + 1 :]) in (None, memo)


@given(memos, st.integers(0, 11))
def test_two_swapped_characters_never_name_another_invoice(memo: str, place: int) -> None:
    swapped = memo[:place] + memo[place + 1] + memo[place] + memo[place + 2 :]
    assert read_memo(swapped) in (None, memo)


@given(memos, st.integers(0, 12), typed)
def test_a_missing_or_doubled_character_is_noticed(memo: str, place: int, character: str) -> None:
    assert read_memo(memo[:place] + memo[place + 1 :]) is None
    longer = memo[:place] + character + memo[place:]
    assert read_memo(longer) is None or character == "-"


@given(st.text())
def test_any_text_is_a_memo_or_none(text: str) -> None:
    memo = read_memo(text)
    assert memo is None or read_memo(memo) == memo


@given(memos, st.integers(1, 10**19))
def test_the_link_says_address_amount_and_memo(memo: str, nano: int) -> None:
    link = urlsplit(payment_link("UQaddress", nano, memo))
    assert (link.scheme, link.netloc, link.path) == ("ton", "transfer", "/UQaddress")
    assert parse_qs(link.query) == {"amount": [str(nano)], "text": [memo]}
