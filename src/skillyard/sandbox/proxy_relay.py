"""What passes through the proxy once the way is open: one request and its answer, or both directions of a tunnel."""

from __future__ import annotations

import asyncio
import re

from skillyard.sandbox.proxy_answer import Refused
from skillyard.sandbox.proxy_request import NOT_A_HOST, BadRequest, ProxyRequest, Target, rewrite_response
from skillyard.sandbox.server_name import HANDSHAKE, HEADER_BYTES, BadHello, record_bytes, server_name

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_NAME = re.compile(r"[a-z0-9._-]{1,253}")
_CHUNK_BYTES = 64 * 1024
_MAX_CHUNK_LINE = 20  # hexadecimal digits of a length; extensions of chunks are for nobody


class WrongName(Exception):
    """In a tunnel somebody else was asked for: `tried`, as `host:port`."""

    def __init__(self, tried: str) -> None:
        super().__init__(tried)
        self.tried = tried


class Relay:
    """`bytes_left` counts both directions of all connections; when there are none, connections break off."""

    def __init__(self, total_bytes: int) -> None:
        self.bytes_left = total_bytes

    async def tunnel(self, program: Ends, server: Ends, target: Target) -> None:
        """Both directions, to their ends. Raises WrongName; OSError when one of the two goes away."""
        tasks = [
            asyncio.create_task(self._pump_checked(program[0], server[1], target)),
            asyncio.create_task(self._pump(server[0], program[1])),
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def exchange(self, program: Ends, server: Ends, request: ProxyRequest) -> None:
        """One request and its answer. Bytes after the request's body go nowhere: they could be a second request.
        Raises BadRequest when the answer is none; OSError when one of the two goes away.
        """
        server[1].write(request.head)
        sending = asyncio.create_task(self._send(request, program[0], server[1]))
        try:
            status = 100
            while status < 200:  # 1xx: the answer itself follows
                status, head = rewrite_response(await server[0].readuntil(b"\r\n\r\n"))
                program[1].write(head)
            await self._pump(server[0], program[1])
        except (asyncio.LimitOverrunError, asyncio.IncompleteReadError):
            raise BadRequest("its answer breaks off") from None
        finally:
            sending.cancel()

    async def _send(self, request: ProxyRequest, reader: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        """The body, while the answer may come already. A body that breaks off ends the connection to the server."""
        try:
            await self._send_body(request, reader, server)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            server.transport.abort()

    async def _send_body(
        self, request: ProxyRequest, reader: asyncio.StreamReader, server: asyncio.StreamWriter
    ) -> None:
        if request.body != "chunked":
            await self._send_exactly(request.body, reader, server)
            return
        while size := _chunk_size(await reader.readuntil(b"\r\n")):
            server.write(b"%x\r\n" % size)
            await self._send_exactly(size, reader, server)
            if await reader.readexactly(2) != b"\r\n":
                raise OSError("a chunk that is longer than it says")
            server.write(b"\r\n")
        server.write(b"0\r\n\r\n")  # trailers are not passed on

    async def _send_exactly(self, size: int, reader: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        while size:
            data = await reader.read(min(size, _CHUNK_BYTES))
            if not data:
                raise OSError("a body that is shorter than it says")
            await self._write(data, server)
            size -= len(data)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the end of the one is passed on to the other."""
        while data := await reader.read(_CHUNK_BYTES):
            await self._write(data, writer)
        if writer.can_write_eof():
            writer.write_eof()

    async def _pump_checked(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, target: Target) -> None:
        """Where the program begins TLS, the name that it asks for must be that of the tunnel: servers of many names at
        one address would else give it one that was not declared.
        """
        beginning = await reader.read(1)
        try:
            if beginning == HANDSHAKE:
                beginning += await reader.readexactly(HEADER_BYTES - 1)
                beginning += await reader.readexactly(record_bytes(beginning))
                _check_name(server_name(beginning), target)
        except BadHello as error:
            raise OSError(str(error)) from None
        await self._write(beginning, server)
        await self._pump(reader, server)

    async def _write(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        self.bytes_left -= len(data)
        if self.bytes_left < 0:
            raise OSError("more bytes than the run may move")
        writer.write(data)
        await writer.drain()


async def read_body(request: ProxyRequest, reader: asyncio.StreamReader, *, most: int) -> bytes:
    """The whole body of a request. Raises Refused for a larger one; OSError for one that breaks off."""
    body = bytearray()
    try:
        if request.body != "chunked":
            return await reader.readexactly(_within(request.body, most))
        while size := _chunk_size(await reader.readuntil(b"\r\n")):
            body += await reader.readexactly(_within(len(body) + size, most) - len(body))
            if await reader.readexactly(2) != b"\r\n":
                raise OSError("a chunk that is longer than it says")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise OSError("a body that breaks off") from None
    return bytes(body)


def _within(size: int, most: int) -> int:
    if size > most:
        raise Refused(413, f"the body is larger than {most} bytes")
    return size


def _check_name(name: str | None, target: Target) -> None:
    if name is not None and name.removesuffix(".") != target.host:
        raise WrongName(f"{name}:{target.port}" if _NAME.fullmatch(name) else NOT_A_HOST)


def _chunk_size(line: bytes) -> int:
    digits = line.removesuffix(b"\r\n")
    if not digits or len(digits) > _MAX_CHUNK_LINE or digits.strip(b"0123456789abcdefABCDEF"):
        raise OSError("a chunk whose length is not a number")
    return int(digits, 16)
