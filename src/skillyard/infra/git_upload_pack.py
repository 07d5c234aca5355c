"""Git's smart HTTP protocol from the server's side (gitprotocol-http(5), gitprotocol-pack(5)), for reading only.

All that is served are commits without parents. So whatever somebody has already, they get what they want as a whole,
and a shallow clone is like any other. Clients that ask for protocol version 2 are answered in version 0, as git allows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from skillyard.infra.errors import Invalid
from skillyard.infra.git_objects import Snapshot, pack_of

MOST_REQUEST_BYTES = 1024 * 1024
_MOST_WANTS = 256
_FLUSH = b"0000"
_ZERO_ID = "0" * 40
_CAPABILITIES = "side-band-64k no-progress shallow ofs-delta allow-tip-sha1-in-want object-format=sha1 agent=skillyard"
_DATA_BYTES = 65_515
_WANT = re.compile(rb"want ([0-9a-f]{40})((?: [!-~]+)*)")


class GitRequestNotReadable(Invalid):
    code = "git_request_not_readable"
    text = "The request does not speak git's protocol: {why}."
    hint = "Use git itself: git clone and the address of the repository."


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """`refs`: full name → commit id; HEAD leads to `head`. `load` yields a commit that is among them."""

    refs: Mapping[str, str]
    head: str
    load: Callable[[str], Snapshot]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """`is_negotiating`: the client wants to know what we share; `is_done`: and expects the pack now."""

    wants: tuple[str, ...]
    is_shallow: bool
    is_negotiating: bool
    is_done: bool
    has_side_band: bool


def advertise(repository: Repository) -> bytes:
    """The answer to `GET info/refs?service=git-upload-pack`."""
    listed = {"HEAD": repository.refs[repository.head], **repository.refs} if repository.refs else {}
    lines = [f"{commit_id} {name}" for name, commit_id in listed.items()] or [f"{_ZERO_ID} capabilities^{{}}"]
    lines[0] += f"\0{_CAPABILITIES}" + (f" symref=HEAD:{repository.head}" if listed else "")
    return b"".join([_line("# service=git-upload-pack"), _FLUSH, *map(_line, lines), _FLUSH])


def read_request(body: bytes) -> FetchRequest:
    """The body of `POST git-upload-pack`. Raises GitRequestNotReadable."""
    wants: list[str] = []
    is_shallow = is_done = has_side_band = False
    lines = list(_lines(body))
    for line in filter(None, lines):
        if found := _WANT.fullmatch(line):
            wants.append(found[1].decode())
            has_side_band = has_side_band or b"side-band-64k" in found[2].split()
        elif line.startswith(b"deepen "):
            is_shallow = True
        elif line == b"done":
            is_done = True
        elif not line.startswith((b"have ", b"shallow ")):
            raise GitRequestNotReadable(why="it has a line that is none of a fetch")
    if not wants or len(wants) > _MOST_WANTS:
        raise GitRequestNotReadable(why=f"it does not want 1 to {_MOST_WANTS} commits")
    return FetchRequest(
        wants=tuple(dict.fromkeys(wants)),
        is_shallow=is_shallow,
        is_negotiating=None in lines[:-1],
        is_done=is_done,
        has_side_band=has_side_band,
    )


def answer(repository: Repository, request: FetchRequest) -> Iterator[bytes]:
    """What the client gets: nothing is shared, nothing is cut off, then the pack."""
    offered = set(repository.refs.values())
    for unknown in [want for want in request.wants if want not in offered]:
        yield _line(f"ERR upload-pack: not our ref {unknown}")
        return
    if request.is_shallow:
        yield _FLUSH
    if request.is_negotiating:
        yield _line("NAK")
    if request.is_done:
        pack = pack_of([repository.load(want) for want in request.wants])
        yield from _side_band(pack) if request.has_side_band else [pack]


def _side_band(pack: bytes) -> Iterator[bytes]:
    for start in range(0, len(pack), _DATA_BYTES):
        part = pack[start : start + _DATA_BYTES]
        yield b"%04x\x01" % (len(part) + 5) + part
    yield _FLUSH


def _line(text: str) -> bytes:
    data = f"{text}\n".encode()
    return b"%04x" % (len(data) + 4) + data


def _lines(body: bytes) -> Iterator[bytes | None]:
    """The lines of a body; None for a flush between them."""
    at = 0
    while at < len(body):
        size_text = body[at : at + 4]
        if not re.fullmatch(rb"[0-9a-fA-F]{4}", size_text):
            raise GitRequestNotReadable(why="it is not made of lines with their lengths")
        size = int(size_text, 16)
        if size == 0:
            at += 4
            yield None
            continue
        if size < 4 or at + size > len(body):
            raise GitRequestNotReadable(why="a line has another length than it says")
        yield body[at + 4 : at + size].rstrip(b"\n")
        at += size
