"""Rule 1: imports run downwards."""

from __future__ import annotations

from tests.architecture.source import modules, modules_of

MAY_IMPORT = {
    "skill": {"skill"},
    "public_addresses": set(),
    "infra": {"infra", "public_addresses"},
    "sandbox": {"sandbox", "skill", "public_addresses"},
    "gateway_settings": set(),
    "settings": {"gateway_settings"},
    "app": {"infra", "sandbox", "skill", "public_addresses", "settings"},
    "domain": {"domain", "sandbox", "public_addresses", "infra", "skill", "app", "settings"},
    "api": {"api", "domain", "infra", "skill", "app", "settings"},
    "operate": {"operate", "sandbox", "serve", "api", "domain", "infra", "skill", "app", "settings"},
    "serve": {"sandbox", "api", "domain", "infra", "skill", "app", "settings"},
    "sdk": {"sdk", "sandbox", "skill", "public_addresses"},
    "cli": {"cli", "sdk", "sandbox", "skill"},
}
DOMAIN_ORDER = (
    "accounts", "transparency", "payments", "registry", "drive", "runs", "gateway", "market", "notices",
)  # fmt: skip
PRIVATE_TO_A_DOMAIN = {"store", "rules"}


def test_every_module_has_a_place_in_the_order() -> None:
    layers = {module.layer for module in modules()} - {""}
    assert layers <= set(MAY_IMPORT), f"new top-level modules need a place in the order: {layers - set(MAY_IMPORT)}"


def test_imports_run_downwards() -> None:
    wrong = [
        f"{module.where}:{line} imports {name}"
        for module in modules()
        if module.layer
        for name, line in module.imports()
        if name and name != "__version__" and name.split(".")[0] not in MAY_IMPORT[module.layer]
    ]
    assert not wrong, "\n".join(wrong)


def test_domains_call_only_domains_to_their_left() -> None:
    wrong = []
    for module in modules_of("domain"):
        own = module.name.split(".")[1:2]
        for name, line in module.imports():
            parts = name.split(".")
            if parts[0] != "domain" or len(parts) < 2 or not own or parts[1] == own[0]:
                continue
            to_the_left = DOMAIN_ORDER.index(parts[1]) < DOMAIN_ORDER.index(own[0])
            if not to_the_left or PRIVATE_TO_A_DOMAIN & set(parts[2:]):
                wrong.append(f"{module.where}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_surfaces_use_operations_and_never_a_store() -> None:
    wrong = [
        f"{module.where}:{line} imports {name}"
        for module in modules_of("api")
        for name, line in module.imports()
        if name.startswith("domain.") and "store" in name.split(".")
    ]
    assert not wrong, "\n".join(wrong)


def test_web_frameworks_and_pydantic_stay_at_the_edge() -> None:
    at_the_edge = {"fastapi", "starlette", "pydantic", "granian", "uvicorn", "jinja2"}
    wrong = [
        f"{module.where}:{line} imports {name}"
        for module in modules()
        if module.layer not in ("api", "settings", "gateway_settings", "serve")
        for name, line in module.foreign_imports()
        if name in at_the_edge
    ]
    assert not wrong, "\n".join(wrong)


def test_every_module_opens_with_what_it_is_for() -> None:
    import ast

    silent = [module.where for module in modules() if not ast.get_docstring(module.tree)]
    assert not silent, "\n".join(silent)
