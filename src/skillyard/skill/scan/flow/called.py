"""Calls: of functions of the package, which are gone through, and of all others, whose effects are noted."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from skillyard.skill.scan.flow import calls
from skillyard.skill.scan.flow.bindings import MAX_UNROLLED, Bindings, Closure, Scope, parts_of, picked_from
from skillyard.skill.scan.flow.effects import Effects
from skillyard.skill.scan.flow.folding import fold
from skillyard.skill.scan.flow.model import HOLE, NO_TAINTS, UNKNOWN, Value, any_of
from skillyard.skill.scan.flow.tree import Call, Collection, Member, Name, Node

_MAX_CALL_DEPTH = 10
_MAX_ARGUMENTS_TRIED = 8


class Calls(Bindings):
    """`find_module` finds the path of a script of the package from an import."""

    def __init__(self, effects: Effects, find_module: Callable[[str, str], str | None]) -> None:
        super().__init__(effects)
        self.find_module = find_module
        self.known_results: dict[tuple[object, ...], Value] = {}
        self.tried: dict[int, int] = {}
        self.returned: list[list[Value]] = []
        self.depth = 0
        self.call_depth = 0

    @abstractmethod
    def block(self, body: tuple[Node, ...], scope: Scope) -> None:
        """Go through statements."""

    @abstractmethod
    def module_value(self, path: str, item: str) -> Value:
        """A script of the package, or what it defines by a name."""

    def reflected(self, args: list[Value], node: Call) -> Value:
        name = args[1].texts[0] if len(args[1].texts) == 1 else ""
        if HOLE in name or not name:
            return Value(taints=args[0].taints)
        return self.attribute(args[0], name, args[1].is_built, Member(node.line, Name(0, ""), name))

    def required(self, args: list[Value], node: Call, scope: Scope) -> Value:
        name = args[0].texts[0].removeprefix("node:")
        if HOLE in name:
            self.effects.code_loaded(args[0], scope.file, node.line)
            return Value(taints=args[0].taints)
        path = self.find_module(name, scope.file)
        if path is not None:
            return self.module_value(path, "")
        plain = (
            name.partition(".")[0]
            if len(args) == 1 and "/" not in name and "__import__" in repr(node.function)
            else name
        )
        return Value(path=plain, is_built=args[0].is_built)

    def made(self, name: str, args: list[Value], named: dict[str, Value]) -> Value:
        start = self.methods[name].get("__init__") or self.methods[name].get("constructor")
        if start is not None:
            self.call(start, args, named)
        return Value(path=f"{name}()")

    def call(self, closure: Closure, args: list[Value], named: dict[str, Value]) -> Value:
        """What a function of the package gives back for these arguments."""
        function = closure.function
        given = [*args, *named.values()]
        key = (id(function), *[(a.texts, a.taints, a.path, a.function and id(a.function.function)) for a in given])
        if key in self.known_results:
            return self.known_results[key]
        count = self.tried.get(id(function), 0)
        if self.call_depth >= _MAX_CALL_DEPTH or count >= _MAX_ARGUMENTS_TRIED:
            return Value(taints=NO_TAINTS.union(*(value.taints for value in given)) if given else NO_TAINTS)
        self.tried[id(function)] = count + 1
        self.known_results[key] = Value(
            taints=NO_TAINTS.union(*(value.taints for value in given)) if given else NO_TAINTS
        )
        scope = Scope(outer=closure.scope, file=closure.scope.file)
        self._bind_params(closure, args, named, scope)
        self.returned.append([])
        self.call_depth += 1
        branch, self.in_branch = self.in_branch, 0
        depth, self.depth = self.depth, 60
        self.block(function.body, scope)
        self.depth, self.in_branch = depth, branch
        self.call_depth -= 1
        result = any_of(self.returned.pop())
        self.known_results[key] = result
        return result

    def _bind_params(self, closure: Closure, args: list[Value], named: dict[str, Value], scope: Scope) -> None:
        function = closure.function
        params = list(function.params)
        if function.owner and params and type(params[0]) is Name and params[0].name in ("self", "cls"):
            scope.names[params[0].name] = Value(path=f"{function.owner}()")
            del params[0]
        for number, param in enumerate(params):
            if type(param) is Collection and param.keys == ("...",):
                self.bind(
                    param.items[0],
                    Value(items=tuple(args[number:]), taints=NO_TAINTS.union(*(a.taints for a in args[number:]))),
                    scope,
                    whole=True,
                )
                continue
            if number < len(args):
                value = args[number]
            elif type(param) is Name and param.name in named:
                value = named[param.name]
            else:
                value = (
                    closure.scope.names.get(f"{function.name}={param.name}", UNKNOWN)
                    if type(param) is Name
                    else UNKNOWN
                )
            if type(param) is Name:
                scope.names[param.name] = value
            else:
                self.bind(param, value, scope, whole=True)

    def outer_call(
        self,
        node: Call,
        scope: Scope,
        function: Value,
        receiver: Value | None,
        args: list[Value],
        named: dict[str, Value],
    ) -> Value:
        path = function.path.replace("()", "")
        name = path.rpartition(".")[2] or (node.function.name if type(node.function) is Member else "")
        result = self.effects.call(path, name, receiver, args, named, function, scope.file, node.line)
        if result is None and name == "get" and receiver is not None and receiver.keys and args:
            result = picked_from(receiver, args[0].texts[0], HOLE not in args[0].texts[0])
        if result is None:
            result = self._folded(path, name, receiver, args, node)
        elif path in calls.OPENS or name == "open":
            opened = [*node.args, *((node.function.of,) if type(node.function) is Member else ())]
            result = result._replace(backing=frozenset(arg.name for arg in opened if type(arg) is Name))
        if receiver is not None and name == "map" and receiver.items and args and args[0].function:
            items = [self.call(args[0].function, [item], {}) for item in receiver.items[:MAX_UNROLLED]]
            result = Value(items=tuple(items), taints=NO_TAINTS.union(*(item.taints for item in items)))
        elif path == "map" and len(args) > 1 and args[1].items and (args[0].function or args[0].path):
            result = self._mapped(args, node)
        if receiver is not None and name in calls.GATHERS and type(node.function) is Member:
            taints = result.taints.union(*(value.taints for value in (*args, *named.values())))
            self._stain(node.function.of, taints, scope, receiver)
            if name in ("append", "push") and args:
                self._grow(node.function.of, args, scope)
        elif path == "Object.assign" and node.args:
            self._stain(node.args[0], NO_TAINTS.union(*(value.taints for value in args)), scope, args[0])
        for value in (*args, *named.values()):
            self.call_back(value, result, receiver)
        return result

    def _grow(self, node: Node, args: list[Value], scope: Scope) -> None:
        found = scope.find(node.name) if type(node) is Name else None
        if found is None or type(node) is not Name:
            return
        has = found.names[node.name]
        if has.items is not None and len(has.items) < MAX_UNROLLED:
            found.names[node.name] = has._replace(items=(*has.items, *args), keys=())

    def _mapped(self, args: list[Value], node: Call) -> Value:
        items = []
        for item in (args[1].items or ())[: MAX_UNROLLED * 4]:
            if args[0].function:
                items.append(self.call(args[0].function, [item], {}))
            else:
                items.append(fold(args[0].path, None, [item], node.line) or Value(taints=item.taints))
        return Value(items=tuple(items), taints=NO_TAINTS.union(*(item.taints for item in items)))

    def _folded(self, path: str, name: str, receiver: Value | None, args: list[Value], node: Call) -> Value:
        result = fold(path, None, args, node.line)
        if result is None and receiver is not None:
            result = fold(name, receiver, args, node.line)
            if (
                result is not None
                and name in ("replace", "join", "split", "format")
                and receiver.path in ("path", "os.path")
            ):
                result = None
        if result is not None:
            return result
        if path in calls.CLEAN or name in calls.CLEAN:
            return Value(path=f"{path}()")
        given = [*([receiver] if receiver is not None else []), *args]
        taints = NO_TAINTS.union(*(value.taints for value in given)) if given else NO_TAINTS
        if receiver is not None and name in calls.PICKS:
            taints = parts_of(taints)
        addresses = receiver.addresses if receiver is not None else ()
        is_built = any(value.is_built for value in args)
        return Value(path=f"{path}()" if path else "", taints=taints, addresses=addresses, is_built=is_built,
                     backing=receiver.backing if receiver is not None else frozenset())  # fmt: skip

    def call_back(self, value: Value, result: Value, receiver: Value | None = None) -> None:
        """A function that is handed over is called by somebody, with what the call is about."""
        if value.function is None:
            return
        about = result.taints | (receiver.taints if receiver is not None else NO_TAINTS)
        given = Value(taints=about, addresses=result.addresses)
        self.call(value.function, [given] * min(len(value.function.function.params), 3), {})
