"""Goes through scripts in the small language as if they ran, with what is known of each value instead of the value.

Functions are gone through where they are called, once for each kind of arguments; nothing is repeated without end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from skillyard.skill.scan.flow import calls
from skillyard.skill.scan.flow.bindings import (
    MAX_UNROLLED,
    Closure,
    OutOfStepsError,
    Scope,
    element_of,
    parts_of,
    picked_from,
)
from skillyard.skill.scan.flow.called import Calls
from skillyard.skill.scan.flow.effects import Effects
from skillyard.skill.scan.flow.folding import concatenated
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


class Interpreter(Calls):
    """For one package. `modules` are its scripts; `find_module` finds the path of one from an import."""

    def __init__(
        self,
        modules: Mapping[str, tuple[Node, ...]],
        find_module: Callable[[str, str], str | None],
        effects: Effects,
    ) -> None:
        self.modules = modules
        super().__init__(effects, find_module)
        self.trace: Trace = effects.trace
        self.closures: list[Closure] = []
        self.steps = 0

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
            if of.path not in calls.SOURCE_PATHS and not any(_is_environment(taint) for taint in of.taints):
                of = of._replace(taints=parts_of(of.taints))
        if of.taints and any(_is_environment(taint) for taint in of.taints) and name not in _OF_MAPS:
            return self.variable(name, node.line)
        return self.attribute(of, name, is_hidden, node)

    def attribute(self, of: Value, name: str, is_hidden: bool, node: Member) -> Value:
        if not name:
            return of._replace(texts=(HOLE,), path="", items=None, function=None, taints=parts_of(of.taints))
        if name == "__dict__" or of.path == "sys.modules":
            return of._replace(is_built=of.is_built or is_hidden) if name == "__dict__" else Value(path=name)
        path = f"{of.path}.{name}" if of.path else ""
        base = path or (f"{node.of.name}.{name}" if type(node.of) is Name else "")
        if base in self.fields:
            return self.fields[base]
        if of.items is not None and name in of.keys[: len(of.items)]:
            return of.items[of.keys.index(name)]
        methods = self.methods.get(of.path.removesuffix("()"))
        if methods and name in methods:
            return Value(function=methods[name], path=path, taints=of.taints)
        if name in calls.CLEAN:
            return Value(path=path, is_built=is_hidden)
        plain = path.removeprefix("globalThis.").removeprefix("window.").removeprefix("global.")
        value = self._of_path(plain or name if of.path else "", node.line)
        keeps = of.path not in calls.SOURCE_PATHS or of.path == "flask.request"
        taints = value.taints | (of.taints if keeps else NO_TAINTS)
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
        taints = frozenset({Taint(Source.SECRET_VARIABLE, name, line)}) if is_secret else NO_TAINTS
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
            value = self.module_value(path, "") if path else self._of_path(node.path, node.line)
        elif path is not None:
            value = self.module_value(path, node.item)
        else:
            value = self._of_path(node.path.removeprefix("node:"), node.line)
        if node.name and node.name != "*":
            scope.names[node.name] = value
        elif path and node.item == "*":
            scope.names.update(self.module(path).names)
        return UNKNOWN

    def module_value(self, path: str, item: str) -> Value:
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
            return self.reflected(args, node)
        if path in ("require", "__import__", "importlib.import_module", "import_module") and args:
            return self.required(args, node, scope)
        if path in ("globals", "vars", "locals"):
            return args[0] if args else Value(path="builtins")
        if function.function is not None and (
            function.path in ("", function.function.function.name)
            or receiver is None
            or function.path.endswith(f".{function.function.function.name}")
        ):
            for value in (*args, *named.values()):
                self.call_back(value, UNKNOWN)
            return self.call(function.function, args, named)
        if function.path in self.methods:
            return self.made(function.path, args, named)
        return self.outer_call(node, scope, function, receiver, args, named)


def _is_environment(taint: Taint) -> bool:
    return taint.source is Source.ENVIRONMENT and taint.whole


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
