"""Addresses of wallets on TON: read strictly in every form, kept raw (`0:<64 hex>`), shown as `UQ…`. Pure.

Source: TEP-2, "TON smart contract address".
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import crc_hqx
from typing import Literal

from skillyard.infra.errors import Invalid

Network = Literal["mainnet", "testnet"]

_RAW = re.compile(r"(-?[0-9]{1,10}):([0-9a-fA-F]{64})")
_FRIENDLY = re.compile(r"[A-Za-z0-9+/_-]{48}")
_BOUNCEABLE, _NOT_BOUNCEABLE, _TEST_ONLY = 0x11, 0x51, 0x80


class WalletNotValid(Invalid):
    code = "ton_wallet_not_valid"
    text = "This is no TON wallet that money can be sent to: {why}."
    hint = "Copy the address from the wallet's own screen; on the main network it begins with UQ or EQ."


def read_address(text: str, network: Network) -> str:
    """The raw form of an address in any form. Raises WalletNotValid, with the reason."""
    text = text.strip()
    if raw := _RAW.fullmatch(text):
        workchain, account = int(raw[1]), bytes.fromhex(raw[2])
    elif _FRIENDLY.fullmatch(text):
        workchain, account = _read_friendly(text, network)
    else:
        raise WalletNotValid(why="an address has 48 letters, digits, - and _, or 0: and 64 hexadecimal digits")
    if workchain != 0:
        raise WalletNotValid(why=f"it is on workchain {workchain}, and wallets are on workchain 0")
    if not any(account):
        raise WalletNotValid(why="it is the empty address, which nobody has the key of")
    return f"0:{account.hex()}"


def show_address(raw: str, network: Network) -> str:
    """The form for people, from the raw one: not bounceable, so that it also takes money before its first use."""
    tag = _NOT_BOUNCEABLE | (_TEST_ONLY if network == "testnet" else 0)
    data = bytes([tag, 0]) + bytes.fromhex(raw.partition(":")[2])
    return urlsafe_b64encode(data + _checksum(data)).decode()


def _read_friendly(text: str, network: Network) -> tuple[int, bytes]:
    data = urlsafe_b64decode(text.replace("+", "-").replace("/", "_"))
    if _checksum(data[:34]) != data[34:]:
        raise WalletNotValid(why="its checksum is wrong: a character is missing, or mistyped")
    if data[0] & ~_TEST_ONLY not in (_BOUNCEABLE, _NOT_BOUNCEABLE):
        raise WalletNotValid(why="its first byte is not that of an address")
    if data[0] & _TEST_ONLY and network != "testnet":
        raise WalletNotValid(why="it is an address of the test network, where coins are worth nothing")
    return int.from_bytes(data[1:2], "big", signed=True), data[2:34]


def _checksum(data: bytes) -> bytes:
    return crc_hqx(data, 0).to_bytes(2, "big")
