"""A service that programs in a sandbox reach under a host name of its own, although it is in no network: the server
answers it itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRequest:
    """`path` begins with a slash and has the query in it; `headers` by their names in lower case. All of it comes from
    a program that nobody trusts.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAnswer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


Service = Callable[[ServiceRequest], ServiceAnswer]
"""Called in threads of the sandbox, several at once. What it raises is told to nobody inside."""
