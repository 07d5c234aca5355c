"""Goes through scripts in the small language as if they ran, with what is known of each value instead of the value.

Functions are gone through where they are called, once for each kind of arguments; nothing is repeated without end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from skillyard.skill.scan.flow import calls
from skillyard.skill.scan.flow.bindings import (
    MAX_UNROLLED,
    Bindings,
    Closure,
    OutOfStepsError,
    Scope,
    element_of,
    parts_of,
    picked_from,
)
from skillyard.skill.scan.flow.effects import Effects
from skillyard.skill.scan.flow.folding import concatenated, fold
from skillyard.skill.scan.flow.model import (
    HOLE,
    NO_TAINTS,
    UNKNOWN,
    Source,
    Taint,
    Trace,
    Value,
    any_of,
    constant,
    words_in,
)
from skillyard.skill.scan.flow.places import is_secret_name
from skillyard.skill.scan.flow.tree import (
    Assign,
    Branches,
    Call,
    Class,
    Collection,
    Each,
    Function,
    Import,
    Join,
    Member,
    Name,
    Node,
    Return,
    Several,
    Text,
)

MAX_STEPS = 250_000
_OF_MAPS = words_in(
    "get items copy keys values pop setdefault update join encode decode hex replace toString stringify format "
    "strip split map "
    "filter reduce entries forEach append push read write slice concat substring trim"
)
_MAX_DEPTH = 170
_MAX_CALL_DEPTH = 10
_MAX_ARGUMENTS_TRIED = 8


class Interpreter(Bindings):
    """For one package. `modules` are its scripts; `find_module` finds the path of one from an import."""

    def __init__(
        self,
        modules: Mapping[str, tuple[Node, ...]],
        find_module: Callable[[str, str], str | None],
        effects: Effects,
    ) -> None:
        self.modules = modules
        self.find_module = find_module
        super().__init__(effects)
        self.trace: Trace = effects.trace
        self.known_results: dict[tuple[object, ...], Value] = {}
        self.tried: dict[int, int] = {}
        self.closures: list[Closure] = []
        self.returned: list[list[Value]] = []
        self.steps = 0
        self.depth = 0
        self.call_depth = 0

    def run(self) -> None:
        """Every module, then every function that nothing called, then all again if data reached what is shared."""
        for path in self.modules:
            self.module(path)
        self._call_the_rest()

    def _call_the_rest(self) -> None:
        done = 0
        while done < len(self.closures):
            closure = self.closures[done]
            done += 1
            if id(closure.function) not in self.tried:
                self.call(closure, [], {})

    def module(self, path: str) -> Scope:
        if path not in self.scopes:
            scope = self.scopes[path] = Scope(file=path)
            self.block(self.modules[path], scope)
        return self.scopes[path]

    def block(self, body: tuple[Node, ...], scope: Scope) -> None:
        for node in body:
            if type(node) is Function and node.name:
                closure = Closure(node, scope)
                self.closures.append(closure)
                scope.names[node.name] = Value(function=closure, path=node.name)
        for node in body:
            if type(node) is not Function or not node.name:
                self.value(node, scope)

    def value(self, node: Node, scope: Scope) -> Value:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise OutOfStepsError
        if self.depth > _MAX_DEPTH:
            return UNKNOWN
        self.depth += 1
        try:
            return _VALUES[type(node)](self, node, scope)
        finally:
            self.depth -= 1

    # ---- the kinds of nodes

    def _text(self, node: Text, _: Scope) -> Value:
        return constant(node.text)

    def _name(self, node: Name, scope: Scope) -> Value:
        found = scope.find(node.name)
        if found is not None:
            return found.names[node.name]
        return self._of_path(node.name, node.line)

    def _of_path(self, path: str, line: int) -> Value:
        source = calls.SOURCE_PATHS.get(path)
        taints = frozenset({Taint(source, path, line)}) if source else NO_TAINTS
        return Value(path=path, taints=taints)

    def _member(self, node: Member, scope: Scope) -> Value:
        return self._member_of(node, self.value(node.of, scope), scope)

    def _member_of(self, node: Member, of: Value, scope: Scope) -> Value:
        name, is_hidden = node.name, False
        if node.key is not None:
            key = self.value(node.key, scope)
            name = key.texts[0] if len(key.texts) == 1 and HOLE not in key.texts[0] else ""
            is_hidden = key.is_built or type(node.key) is Member
            picked = picked_from(of, name, bool(name))
            if picked is not None:
                return picked
        if of.taints and any(taint.source is Source.ENVIRONMENT for taint in of.taints) and name not in _OF_MAPS:
            return self.variable(name, node.line)
        return self.attribute(of, name, is_hidden, node)

    def attribute(self, of: Value, name: str, is_hidden: bool, node: Member) -> Value:
        if not name:
            return of._replace(texts=(HOLE,), path="", items=None, function=None, taints=parts_of(of.taints))
        path = f"{of.path}.{name}" if of.path else ""
        base = path or (f"{node.of.name}.{name}" if type(node.of) is Name else "")
        if base in self.fields:
            return self.fields[base]
        if of.items is not None and name in of.keys:
            return of.items[of.keys.index(name)]
        methods = self.methods.get(of.path.removesuffix("()"))
        if methods and name in methods:
            return Value(function=methods[name], path=path, taints=of.taints)
        if name in calls.CLEAN:
            return Value(path=path, is_built=is_hidden)
        plain = path.removeprefix("globalThis.").removeprefix("window.").removeprefix("global.")
        value = self._of_path(plain or name if of.path else "", node.line)
        taints = value.taints | (of.taints if of.path not in calls.SOURCE_PATHS else NO_TAINTS)
        texts = of.texts if name in ("name", "path", "parent") else (HOLE,)
        return Value(
            path=value.path, taints=taints, addresses=of.addresses, backing=of.backing, is_built=is_hidden, texts=texts
        )

    def variable(self, name: str, line: int) -> Value:
        if name:
            self.trace.variables.add(name)
        if name in ("HOME", "USERPROFILE"):
            return constant("~")
        is_secret = bool(name) and is_secret_name(name)
        taints = frozenset({Taint(Source.SECRET_VARIABLE, name, line, whole=False)}) if is_secret else NO_TAINTS
        return Value(taints=taints)

    def _join(self, node: Join, scope: Scope) -> Value:
        values = [self.value(part, scope) for part in node.parts]
        if not node.mark and any(value.items is not None and not value.keys for value in values):
            items = [item for value in values for item in value.items or (value,)]
            return Value(items=tuple(items[:2048]), taints=NO_TAINTS.union(*(value.taints for value in values)))
        return concatenated(values, node.mark)

    def _several(self, node: Several, scope: Scope) -> Value:
        return any_of([self.value(part, scope) for part in node.parts])._replace(is_built=False)

    def _collection(self, node: Collection, scope: Scope) -> Value:
        items = tuple([self.value(item, scope) for item in node.items])
        taints = NO_TAINTS.union(*[item.taints for item in items]) if items else NO_TAINTS
        return Value(items=items, keys=node.keys, taints=taints)

    def _each(self, node: Each, scope: Scope) -> Value:
        of = self.value(node.of, scope)
        items = of.items if of.items is not None and 0 < len(of.items) <= MAX_UNROLLED else None
        if items is not None and node.result:
            results = []
            for item in items:
                self.bind(node.target, item, scope, whole=True)
                results += [self.value(result, scope) for result in node.result]
            return Value(items=tuple(results), taints=NO_TAINTS.union(*(result.taints for result in results)))
        element = any_of(list(items))._replace(taints=of.taints) if items else element_of(of)
        self.bind(node.target, element, scope, whole=True)
        values = [self.value(result, scope) for result in node.result]
        return Value(taints=of.taints.union(*(value.taints for value in values)), items=tuple(values) or None)

    def _function(self, node: Function, scope: Scope) -> Value:
        closure = Closure(node, scope)
        self.closures.append(closure)
        value = Value(function=closure, path=node.name)
        if node.name and node.name not in scope.names:
            scope.names[node.name] = value
        return value

    def _class(self, node: Class, scope: Scope) -> Value:
        inner = Scope(outer=scope, file=scope.file, names={"self": Value(path=f"{node.name}()")})
        methods = self.methods.setdefault(node.name, {})
        scope.names[node.name] = Value(path=node.name)
        for part in node.body:
            if type(part) is Function:
                closure = Closure(part, inner)
                methods[part.name] = closure
                self.closures.append(closure)
        for part in node.body:
            if type(part) is not Function:
                self.value(part, inner)
                if type(part) is Assign and type(part.target) is Name:
                    self.fields[f"{node.name}().{part.target.name}"] = inner.names.get(part.target.name, UNKNOWN)
        return UNKNOWN

    def _assign(self, node: Assign, scope: Scope) -> Value:
        value = self.value(node.value, scope)
        if type(node.target) is Name and node.declares:
            scope.names[node.target.name] = value
        else:
            self.bind(node.target, value, scope)
        return value

    def _return(self, node: Return, scope: Scope) -> Value:
        value = self.value(node.value, scope)
        if self.returned:
            self.returned[-1].append(value)
        return value

    def _branches(self, node: Branches, scope: Scope) -> Value:
        self.in_branch += 1
        for body in node.bodies:
            self.block(body, scope)
        self.in_branch -= 1
        return UNKNOWN

    def _import(self, node: Import, scope: Scope) -> Value:
        path = self.find_module(node.module, scope.file)
        if path is None and node.item:
            path = self.find_module(f"{node.module}.{node.item}".replace("..", "."), scope.file)
            value = self._module_value(path, "") if path else self._of_path(node.path, node.line)
        elif path is not None:
            value = self._module_value(path, node.item)
        else:
            value = self._of_path(node.path.removeprefix("node:"), node.line)
        if node.name and node.name != "*":
            scope.names[node.name] = value
        elif path and node.item == "*":
            scope.names.update(self.module(path).names)
        return UNKNOWN

    def _module_value(self, path: str, item: str) -> Value:
        module = self.module(path)
        if item and item != "default":
            return module.names.get(item) or module.names.get(f"exports.{item}") or UNKNOWN
        keys = tuple(module.names)
        return Value(items=tuple(module.names[key] for key in keys), keys=keys)

    # ---- calls

    def _call(self, node: Call, scope: Scope) -> Value:
        receiver = None
        if type(node.function) is Member:
            receiver = self.value(node.function.of, scope)
            function = self._member_of(node.function, receiver, scope)
        else:
            function = self.value(node.function, scope)
        args = [self.value(arg, scope) for arg in node.args]
        named = {name: self.value(arg, scope) for name, arg in node.named}
        path = function.path.replace("()", "")
        if path in ("getattr", "Reflect.get") and len(args) > 1:
            return self._reflected(args, node)
        if path in ("require", "__import__", "importlib.import_module", "import_module") and args:
            return self._required(args, node, scope)
        if path in ("globals", "vars", "locals"):
            return Value(path="")
        if function.function is not None and (
            function.path in ("", function.function.function.name)
            or receiver is None
            or function.path.endswith(f".{function.function.function.name}")
        ):
            for value in (*args, *named.values()):
                self._call_back(value, UNKNOWN)
            return self.call(function.function, args, named)
        if function.path in self.methods:
            return self._made(function.path, args, named)
        return self._outer_call(node, scope, function, receiver, args, named)

    def _reflected(self, args: list[Value], node: Call) -> Value:
        name = args[1].texts[0] if len(args[1].texts) == 1 else ""
        if HOLE in name or not name:
            return Value(taints=args[0].taints)
        return self.attribute(args[0], name, args[1].is_built, Member(node.line, Name(0, ""), name))

    def _required(self, args: list[Value], node: Call, scope: Scope) -> Value:
        name = args[0].texts[0].removeprefix("node:")
        if HOLE in name:
            return Value(taints=args[0].taints)
        path = self.find_module(name, scope.file)
        if path is not None:
            return self._module_value(path, "")
        plain = (
            name.partition(".")[0]
            if len(args) == 1 and "/" not in name and "__import__" in repr(node.function)
            else name
        )
        return Value(path=plain, is_built=args[0].is_built)

    def _made(self, name: str, args: list[Value], named: dict[str, Value]) -> Value:
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

    def _outer_call(
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
            self._call_back(value, result, receiver)
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

    def _call_back(self, value: Value, result: Value, receiver: Value | None = None) -> None:
        """A function that is handed over is called by somebody, with what the call is about."""
        if value.function is None:
            return
        about = result.taints | (receiver.taints if receiver is not None else NO_TAINTS)
        given = Value(taints=about, addresses=result.addresses)
        self.call(value.function, [given] * min(len(value.function.function.params), 3), {})


_VALUES: dict[type, Callable[[Interpreter, Any, Scope], Value]] = {
    Text: Interpreter._text,
    Name: Interpreter._name,
    Member: Interpreter._member,
    Call: Interpreter._call,
    Join: Interpreter._join,
    Several: Interpreter._several,
    Collection: Interpreter._collection,
    Each: Interpreter._each,
    Function: Interpreter._function,
    Class: Interpreter._class,
    Assign: Interpreter._assign,
    Return: Interpreter._return,
    Branches: Interpreter._branches,
    Import: Interpreter._import,
}
