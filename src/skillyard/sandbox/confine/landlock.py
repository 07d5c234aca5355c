"""Landlock: which files below which folders may be read, written or executed, whatever their owner.

Source: Linux, Documentation/userspace-api/landlock.rst, and include/uapi/linux/landlock.h.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Mapping

from skillyard.sandbox.confine.plan import Plan
from skillyard.sandbox.confine.syscalls import call

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM, REFER, TRUNCATE, IOCTL_DEV = (
    1 << bit for bit in range(6, 16)
)
READ = READ_FILE | READ_DIR
WRITE = (
    WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO | MAKE_SYM | REFER | TRUNCATE
)
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
_BITS_BY_VERSION = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_WITH_SCOPES = 6
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2
_ASK_VERSION, _PATH_BENEATH = 1, 1
_FOLDER_IN_RULE = 8
_AT_FDCWD = -100


def version() -> int:
    """Of the kernel's Landlock; 0 when there is none."""
    try:
        return call("landlock_create_ruleset", None, 0, _ASK_VERSION)
    except OSError:
        return 0


def restrict(plan: Plan, rules: Mapping[str, int], *, abi: int, files: Iterable[str] = ()) -> None:
    """Allow below each path what is named, and nothing else. A path that is not there is passed over.

    `files`: those of the paths that are no folders. Also cuts signals and abstract sockets to what is outside.
    """
    handled = (1 << _BITS_BY_VERSION.get(abi, 16)) - 1
    scoped = _ABSTRACT_SOCKETS | _SIGNALS if abi >= _WITH_SCOPES else 0
    attributes = struct.pack("=QQQ", handled, 0, scoped)[: 24 if scoped else 8]
    ruleset = plan.call("landlock_create_ruleset", attributes, len(attributes), 0)
    plain = set(files)
    for path, allowed in rules.items():
        rights = allowed & handled & (_OF_FILES if path in plain else ~0)
        rule = plan.memory(struct.pack("=Qi4x", rights, -1))
        opening = (_AT_FDCWD, path, os.O_PATH | os.O_CLOEXEC)
        folder = plan.call("openat", *opening, may_fail=True, keep_at=rule.at + _FOLDER_IN_RULE)
        plan.call("landlock_add_rule", ruleset, _PATH_BENEATH, rule, 0, may_fail=True)
        plan.call("close", folder, may_fail=True)
    plan.call("landlock_restrict_self", ruleset, 0)
    plan.call("close", ruleset)
