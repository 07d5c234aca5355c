"""The server has one door to the outside, and the client one of its own: nobody else opens connections."""

from __future__ import annotations

import ast

from tests.architecture.source import Module, modules

# Packages and modules that open connections, by the names in which they are imported.
CALLERS = {
    "httpx", "httpx2", "httpcore", "httpcore2", "requests", "aiohttp", "urllib3", "urllib.request", "http.client",
    "ftplib", "smtplib", "imaplib", "poplib", "telnetlib", "nntplib", "xmlrpc.client", "socketserver", "websockets",
    "pycurl", "paramiko",
}  # fmt: skip
DOORS = {
    "infra.outbound": {"httpcore"},
    "infra.timed_network": {"httpcore"},
    "infra.pooled": {"httpcore"},  # of infra.outbound
    "infra.httpx_door": {"httpx2"},  # speaks by infra.outbound
    "domain.gateway.llm_client": {"httpx2"},  # makes clients that speak by infra.httpx_door
    "sdk.transport": {"urllib3", "urllib.request"},  # of the latter only what reads proxies
    "sdk.downloads": {"urllib3"},
}
KNOCKS_ON_ITS_OWN = {
    ("serve", "open_connection"),  # waits until its own socket answers
    ("sandbox.proxy", "open_connection"),  # for programs in a sandbox, to addresses that it vets itself
}
CONNECTING = {"create_connection", "open_connection", "connect_ex", "urlopen", "urlretrieve"}


def test_only_the_doors_can_call_out() -> None:
    wrong = [
        f"{module.where}:{line} imports {name}"
        for module in modules()
        for name, line in _imported(module)
        for caller in CALLERS - DOORS.get(module.name, set())
        if name == caller or name.startswith(f"{caller}.")
    ]
    assert not wrong, "\n".join(wrong)


def test_nobody_connects_by_hand() -> None:
    wrong = [
        f"{module.where}:{node.lineno} {_called(node)}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and (_called(node) in CONNECTING or _is_socket_connect(node))
        if (module.name, _called(node)) not in KNOCKS_ON_ITS_OWN
    ]
    assert not wrong, "\n".join(wrong)


def test_the_doors_are_where_the_list_says() -> None:
    names = {module.name: {name for name, _ in _imported(module)} for module in modules()}
    assert all(opened <= names[door] for door, opened in DOORS.items())


def _imported(module: Module) -> list[tuple[str, int]]:
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found += [
                (node.module, node.lineno),
                *((f"{node.module}.{alias.name}", node.lineno) for alias in node.names),
            ]
    return found


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_socket_connect(call: ast.Call) -> bool:
    """`something_socket.connect(…)`, by the name of what it is called on."""
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr != "connect":
        return False
    return "sock" in ast.unparse(function.value).lower()
