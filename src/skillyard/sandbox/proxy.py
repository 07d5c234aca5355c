"""The only way out of a sandbox that may reach some hosts: an HTTP proxy that knows which.

It listens inside the sandbox, whose network leads nowhere else, and connects from outside it. A name is looked up only
after it was found among the allowed ones, and once; every address it has must be admitted, and the connection goes to
one of those. Of what is said in a tunnel it sees only the name that TLS begins with, which must be the tunnel's.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import MappingProxyType
from typing import NamedTuple

from skillyard.public_addresses import Address, AllowList, reach_of
from skillyard.sandbox.model import Task
from skillyard.sandbox.proxy_answer import Refused, refusal
from skillyard.sandbox.proxy_relay import Ends, Relay, WrongName
from skillyard.sandbox.proxy_request import BadRequest, ProxyRequest, Target, read_request
from skillyard.sandbox.proxy_services import Desk, DeskBounds
from skillyard.sandbox.service import Service
from skillyard.skill.reach import host_covers

Admit = Callable[[str, Address], bool]
Resolver = Callable[[str], Sequence[str]]

NO_SERVICES: Mapping[str, Service] = MappingProxyType({})
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_CHUNK_BYTES = 64 * 1024
_MAX_ADDRESSES = 16


class Traffic(NamedTuple):
    """What was asked for and granted, and what was refused: `host:port` each; and the hosts of services that were
    asked. In order of their letters.
    """

    asked: tuple[str, ...]
    refused: tuple[str, ...]
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyBounds:
    """Of one run. `total_bytes` counts both directions; `recorded` the hosts that are remembered, of each sort."""

    connections: int = 64
    total_bytes: int = 1024 * 1024 * 1024
    head_bytes: int = 32 * 1024
    head_s: float = 10.0
    connect_s: float = 10.0
    linger_s: float = 1.0
    recorded: int = 500
    desk: DeskBounds = field(default_factory=DeskBounds)


def public_or(private_hosts: AllowList) -> Admit:
    """The rule of admission: public addresses, and the private ones that are listed."""

    def admit(host: str, address: Address) -> bool:
        return reach_of(address) == "public" or private_hosts.admits(host.strip("[]"), address)

    return admit


def look_up(host: str) -> Sequence[str]:
    """The addresses of a host, as the system's resolver knows them. Raises OSError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Proxy:
    """`listener` is a listening TCP socket, of whatever network namespace; it belongs to the proxy from now on.
    `allowed` are patterns as `read_host` returns them. `services` by their hosts, in the same spelling: they are
    answered here, in plain HTTP, whichever port is named.
    """

    def __init__(
        self,
        listener: socket.socket,
        *,
        allowed: tuple[str, ...],
        admit: Admit,
        services: Mapping[str, Service] = NO_SERVICES,
        resolver: Resolver = look_up,
        bounds: ProxyBounds = ProxyBounds(),
    ) -> None:
        self._listener = listener
        self._allowed = allowed
        self._admit = admit
        self._services = services
        self._resolver = resolver
        self._bounds = bounds
        self._asked: set[str] = set()
        self._refused: set[str] = set()
        self._served: set[str] = set()
        self._desk = Desk(bounds.desk)
        self._relay = Relay(bounds.total_bytes)
        self._writers: set[asyncio.StreamWriter] = set()
        self._look_ups = ThreadPoolExecutor(max_workers=4, thread_name_prefix="proxy-look-up")
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox-proxy", daemon=True)

    def start(self) -> None:
        """Answer from now on, in a thread of its own."""
        self._thread.start()

    def stop(self) -> Traffic:
        """End all connections, wait for what services have begun, give the listener back to the system, and say what
        was asked.
        """
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join()
        self._loop.close()
        self._listener.close()
        self._look_ups.shutdown(wait=False, cancel_futures=True)
        self._desk.close()
        return Traffic(tuple(sorted(self._asked)), tuple(sorted(self._refused)), tuple(sorted(self._served)))

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._listen())

    async def _listen(self) -> None:
        server = await asyncio.start_server(self._serve, sock=self._listener, limit=self._bounds.head_bytes)
        await self._stopped.wait()
        server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._writers) >= self._bounds.connections:
            writer.write(refusal(Refused(429, f"more than {self._bounds.connections} connections at once")))
            writer.close()
            return
        self._writers.add(writer)
        try:
            await self._answer(reader, writer)
            writer.close()
            await writer.wait_closed()  # what is still on its way arrives, however slowly it is read
        except Refused as refused:
            await self._tell(refused, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # one of the two went away
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _tell(self, refused: Refused, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """With what is still on its way read and thrown away, since closing before would take the answer back."""
        writer.write(refusal(refused))
        with suppress(OSError, TimeoutError):
            writer.write_eof()
            async with asyncio.timeout(self._bounds.linger_s):
                while await reader.read(_CHUNK_BYTES):
                    pass

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await self._read(reader)
        if self._relay.bytes_left <= 0:
            raise Refused(429, f"this run has moved its {self._bounds.total_bytes} bytes")
        if request.target.host in self._services:
            await self._serve_here(request, reader, writer)
            return
        server = await self._connect(request.target)
        try:
            if request.is_tunnel:
                writer.write(_ESTABLISHED)
                await self._relay.tunnel((reader, writer), server, request.target)
            else:
                await self._relay.exchange((reader, writer), server, request)
        except WrongName as wrong:
            self._note(self._refused, wrong.tried)
        except BadRequest:
            raise Refused(502, "the server's answer is not one of HTTP/1.1") from None
        finally:
            server[1].transport.abort()

    async def _serve_here(
        self, request: ProxyRequest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Some clients open a tunnel for plain HTTP, too; then the request is in it."""
        host = request.target.host
        if request.is_tunnel:
            writer.write(_ESTABLISHED)
            request = await self._read(reader)
        if request.is_tunnel or request.target.host != host:
            raise Refused(400, f"in a tunnel to {host} only {host} can be asked, by plain HTTP")
        self._note(self._served, host)
        answer = await self._desk.answer(self._services[host], request, reader)
        self._relay.bytes_left -= len(answer)
        writer.write(answer)

    async def _read(self, reader: asyncio.StreamReader) -> ProxyRequest:
        try:
            async with asyncio.timeout(self._bounds.head_s):
                return read_request(await reader.readuntil(b"\r\n\r\n"), services=self._services)
        except TimeoutError:
            raise Refused(408, f"the request did not come within {self._bounds.head_s:g} s") from None
        except asyncio.LimitOverrunError:
            raise Refused(400, f"the head of the request is larger than {self._bounds.head_bytes} bytes") from None
        except BadRequest as error:
            if error.tried:
                self._note(self._refused, error.tried)
            raise Refused(400, f"the request is refused: {error.why}") from None

    async def _connect(self, target: Target) -> Ends:
        """To an address that was admitted. Names that are not allowed reach no resolver: a name is a message, too."""
        if not any(host_covers(pattern, str(target)) for pattern in self._allowed):
            self._note(self._refused, str(target))
            raise Refused(403, f"{target} is not among the declared hosts: {', '.join(self._allowed) or 'none'}")
        record = self._asked
        try:
            async with asyncio.timeout(self._bounds.connect_s):
                addresses = await self._addresses(target.host)
                if not all(self._admit(target.host, address) for address in addresses):
                    record = self._refused
                    raise Refused(403, f"{target.host} leads to an address that is not a public one")
                return await self._open(addresses, target)
        except TimeoutError:
            raise Refused(502, f"{target} did not answer within {self._bounds.connect_s:g} s") from None
        finally:
            self._note(record, str(target))

    async def _addresses(self, host: str) -> list[Address]:
        try:
            return [ip_address(host.strip("[]"))]
        except ValueError:
            pass
        try:
            found = await self._loop.run_in_executor(self._look_ups, self._resolver, host)
            addresses = [ip_address(text) for text in found]
        except (OSError, ValueError):  # UnicodeError of names that no resolver takes is one, too
            addresses = []
        if not addresses:
            raise Refused(502, f"there is no host {host}")
        return addresses

    async def _open(self, addresses: Sequence[Address], target: Target) -> Ends:
        for address in addresses[:_MAX_ADDRESSES]:
            with suppress(OSError):
                return await asyncio.open_connection(str(address), target.port, limit=self._bounds.head_bytes)
        raise Refused(502, f"{target} cannot be reached")

    def _note(self, record: set[str], what: str) -> None:
        if len(record) < self._bounds.recorded:
            record.add(what)


def proxy_for(task: Task, listener: socket.socket) -> Proxy:
    """The way out that a task has, not started yet."""
    return Proxy(
        listener,
        allowed=task.permissions.network_outbound,
        admit=public_or(task.private_hosts),
        services=task.services,
    )
