"""What calls do to the world: notes down what is sent, run, loaded, deleted, and says what comes back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from skillyard.skill.scan.flow import calls
from skillyard.skill.scan.flow.model import (
    HOLE,
    NO_TAINTS,
    UNKNOWN,
    Flow,
    Sink,
    Source,
    Taint,
    Trace,
    Value,
    few,
    known,
    words_in,
)
from skillyard.skill.scan.flow.places import is_secret_name, taint_of_path
from skillyard.skill.scan.flow.shell import Shell

_HOST = re.compile(r"(?:[a-z0-9_*-]+\.)+[a-z]{2,24}(?::\d+)?|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?", re.IGNORECASE)
_HEADERS = frozenset({"headers", "auth", "cookies", "cert", "header"})
_ADDRESS_NAMES = ("url", "base_url", "host", "hostname", "address", "baseURL", "baseUrl", "uri", "server", "href")
_METADATA = ("169.254.169.254", "metadata.google.internal", "100.100.100.200", "169.254.170.2")


class Effects:
    """`files`: what was written to which path, over all scripts of a package."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.files: dict[str, frozenset[Taint]] = {}
        self.shell = Shell(trace, self.files)
        self.code_to_read: list[tuple[str, int, str]] = []

    def call(
        self, path: str, name: str, receiver: Value | None, args: list[Value], named: Mapping[str, Value],
        function: Value, file: str, line: int,
    ) -> Value | None:  # fmt: skip
        """What an outer function gives back; None for one that only makes values out of values."""
        if path in calls.READS_VARIABLE or (receiver is not None and receiver.path in calls.SOURCE_PATHS):
            return self._variable(name, args, receiver, line)
        if path in calls.HOMES:
            return Value(texts=("~",))
        if path in calls.TEMPORARY:
            return Value(texts=(f"/tmp/temporary-{line}",), path=f"{path}()")  # noqa: S108
        if path in calls.SOURCES:
            return Value(taints=frozenset({Taint(calls.SOURCES[path], path, line)}), path=f"{path}()")
        if path in calls.LISTENS_TO_KEYS:
            return Value(taints=frozenset({Taint(Source.KEYS, path, line)}), path=f"{path}()")
        if path in ("keyring.get_password", "keytar.getPassword"):
            return Value(taints=frozenset({Taint(Source.SECRET_VARIABLE, "keyring", line, whole=False)}))
        run = self._run(path, name, args, named, function, file, line)
        if run is not None:
            return run
        touched = self._touch(path, name, receiver, args, named, file, line)
        if touched is not None:
            return touched
        return self._network(path, name, receiver, args, named, function, file, line)

    def code_loaded(self, code: Value, file: str, line: int) -> None:
        """A module whose text is not known before: `import("data:text/javascript," + ...)`."""
        if code.taints and any(text.startswith("data:") for text in code.texts):
            self._flow(Sink.CODE, "import", code.taints, (HOLE,), file, line)

    def attribute_set(self, of: Value, name: str, value: Value, file: str, line: int) -> None:
        """Setting an address sends what is in it: `new Image().src = ...`, `location.href = ...`."""
        if name in ("src", "href", "action") and value.taints and any("//" in text for text in value.texts):
            self._flow(Sink.NETWORK, f"{of.path or 'element'}.{name}", value.taints, value.texts, file, line)

    def _flow(
        self, sink: Sink, how: str, taints: frozenset[Taint], texts: Iterable[str], file: str, line: int,
        is_hidden: bool = False, in_header: bool = False,
    ) -> None:  # fmt: skip
        self.trace.flows.append(
            Flow(
                sink=sink,
                how=how,
                file=file,
                line=line,
                taints=taints,
                texts=few(texts),
                is_hidden=is_hidden,
                in_header=in_header,
            )
        )

    def _variable(self, name: str, args: list[Value], receiver: Value | None, line: int) -> Value | None:
        if name in ("items", "copy", "values", "entries", "toObject"):
            return receiver
        if name not in ("get", "getenv", "pop", "setdefault") or not args:
            return UNKNOWN
        names = [text for text in args[0].texts if HOLE not in text]
        self.trace.variables.update(names)
        if names and names[0] in ("HOME", "USERPROFILE"):
            return Value(texts=("~",))
        taints = frozenset(Taint(Source.SECRET_VARIABLE, text, line) for text in names if is_secret_name(text))
        texts = (HOLE, *args[1].texts) if len(args) > 1 else (HOLE,)
        return Value(taints=taints, texts=few(texts))

    # ---- what is run

    def _run(
        self, path: str, name: str, args: list[Value], named: Mapping[str, Value], function: Value, file: str, line: int
    ) -> Value | None:
        if path in calls.RUNS_CODE:
            return self._code(path, args, function, file, line)
        if path in ("setTimeout", "setInterval") and args and args[0].function is None and args[0].taints:
            return self._code(path, args[:1], function, file, line)
        if path in calls.RUNS_SHELL:
            return self._command_line(path, args, function, file, line)
        if path in calls.RUNS_PROGRAM:
            return self._program(path, args, named, function, file, line)
        if path in calls.LOADS and not _loads_safely(path, args, named):
            given = NO_TAINTS.union(*(value.taints for value in args)) if args else NO_TAINTS
            where = [text for value in args[:1] for text in (*value.addresses, *value.texts)]
            self._flow(Sink.LOAD, path, given | self._in_files(where), where, file, line, function.is_built)
            return Value(taints=given)
        if name == "constructor" and args and len(known(args[0].texts)) and args[0].function is None:
            return self._code("Function.constructor", args, function._replace(is_built=True), file, line)
        if name == "_compile" and path.startswith("module"):
            return self._code("module._compile", args, function, file, line)
        return None

    def _code(self, path: str, args: list[Value], function: Value, file: str, line: int) -> Value:
        if not args:
            return UNKNOWN
        code = args[-1] if path.endswith(("Function", "constructor")) else args[0]
        if path.endswith("compile"):
            return code._replace(path="")
        self._flow(Sink.CODE, path, code.taints, (*code.texts, *code.addresses), file, line, function.is_built)
        for text in known(code.texts):
            if HOLE not in text and len(text) > 10:
                self.code_to_read.append((file, line, text))
        return Value(taints=code.taints)

    def _command_line(self, path: str, args: list[Value], function: Value, file: str, line: int) -> Value:
        self.trace.starts_programs = True
        if not args:
            return UNKNOWN
        command = args[0]
        taints = command.taints
        if command.items is not None:
            return self._words(list(command.items), path, function, file, line)
        self._flow(Sink.SHELL, path, taints, command.texts, file, line, function.is_built)
        output = NO_TAINTS
        for text in known(command.texts):
            output |= self.shell.run(text, file, line, given=taints).taints
        return Value(taints=output)

    def _program(
        self, path: str, args: list[Value], named: Mapping[str, Value], function: Value, file: str, line: int
    ) -> Value:
        self.trace.starts_programs = True
        if not args and "args" in named:
            args = [named["args"]]
        if not args:
            return UNKNOWN
        options = named.get("shell")
        in_shell = options is not None and options.texts[0] not in ("False", "0", "")
        if args[0].items is None and (in_shell or path.startswith("subprocess.")) and " " in args[0].texts[0]:
            return self._command_line(path, args, function, file, line)
        if in_shell:
            return self._command_line(path, args, function, file, line)
        words = list(args[0].items) if args[0].items is not None else [args[0]]
        for value in args[1:2] if not path.startswith(("os.exec", "os.spawn")) else args[1:]:
            if value.items is not None and not value.keys:
                words += value.items
        fed = named.get("input") or named.get("stdin")
        return self._words(words, path, function, file, line, fed or UNKNOWN)

    def _words(
        self, words: list[Value], path: str, function: Value, file: str, line: int, fed: Value = UNKNOWN
    ) -> Value:
        self._flow(
            Sink.PROGRAM,
            path,
            words[0].taints if words else NO_TAINTS,
            words[0].texts if words else (),
            file,
            line,
            function.is_built,
        )
        return self.shell.command(words, fed, file, line)

    # ---- what is read, written and deleted

    def _touch(
        self,
        path: str,
        name: str,
        receiver: Value | None,
        args: list[Value],
        named: Mapping[str, Value],
        file: str,
        line: int,
    ) -> Value | None:
        if name in calls.UPLOADS and (name != "put" or path.startswith(("paramiko", "pysftp"))):
            return self._upload(path or name, receiver, args, named, file, line)
        if path in calls.SENDS_ADDRESS:
            return None
        if path in calls.OPENS or (receiver is not None and name in calls.READING_METHODS):
            return self._open(path, name, receiver, args, named, line)
        if receiver is not None and name in calls.WRITING_METHODS and args:
            return self._write(receiver.texts, args[0].taints)
        if path in calls.WRITES_AT_FIRST and args:
            return self._write(args[0].texts, args[1].taints if len(args) > 1 else NO_TAINTS)
        if (
            receiver is not None
            and name in ("write", "writestr", "add", "writelines", "dump")
            and receiver.addresses
            and "//" not in receiver.addresses[0]
        ):
            content = NO_TAINTS.union(*(value.taints | self._read(value.texts, line) for value in args))
            self._write(receiver.addresses, content)
            return Value(taints=content)
        if path == "shutil.make_archive" and args:
            packed = NO_TAINTS.union(*(self._read(value.texts, line) for value in (*args[2:], *named.values())))
            texts = tuple(f"{args[0].texts[0]}{end}" for end in (".zip", ".tar", ".tar.gz"))
            self._write(texts, packed)
            return Value(texts=texts, taints=packed)
        if path in calls.COPIES and len(args) > 1:
            content = args[0].taints | self._read(args[0].texts, line)
            self._write(args[1].texts, content)
            return Value(taints=content)
        if path in calls.DELETES and args:
            self._flow(Sink.DELETE, path, NO_TAINTS, args[0].texts, file, line)
            return UNKNOWN
        if path in ("pyperclip.copy", "clipboard.copy") and args:
            self._flow(Sink.REPLACE_CLIPBOARD, path, args[0].taints, args[0].texts, file, line)
            return UNKNOWN
        if path in calls.LISTS_FOLDER or (receiver is not None and name in calls.LISTING_METHODS):
            return _listed(receiver if receiver is not None and path not in calls.LISTS_FOLDER else None, args)
        return self._read_somehow(path, name, receiver, args, line)

    def _upload(
        self, how: str, receiver: Value | None, args: list[Value], named: Mapping[str, Value], file: str, line: int
    ) -> Value:
        """Files and data that go to a store whose address the library knows."""
        sent = NO_TAINTS.union(*(value.taints | self._read(value.texts, line) for value in (*args, *named.values())))
        self._flow(Sink.NETWORK, how, sent, receiver.addresses if receiver else (), file, line)
        return UNKNOWN

    def _read_somehow(self, path: str, name: str, receiver: Value | None, args: list[Value], line: int) -> Value | None:
        """Any other call that is given the path of a secret may read it."""
        if name in calls.CLEAN or name in _PATH_ONLY or path in _PATH_ONLY or path.startswith(("os.path.", "path.")):
            return None
        if path.split(".")[0] in calls.NETWORK_ROOTS:
            return None
        taints = NO_TAINTS.union(*(self._read(value.texts, line) for value in args)) if args else NO_TAINTS
        if not taints:
            return None
        given = taints.union(*(value.taints for value in args), receiver.taints if receiver is not None else NO_TAINTS)
        return Value(taints=given, path=f"{path}()" if path else "", addresses=args[0].texts)

    def _open(
        self, path: str, name: str, receiver: Value | None, args: list[Value], named: Mapping[str, Value], line: int
    ) -> Value:
        on_path = receiver is not None and path not in calls.OPENS
        place = receiver if on_path and receiver is not None else args[0] if args else named.get("file", UNKNOWN)
        rest = args if on_path else args[1:]
        mode = (rest[0] if rest else named.get("mode", Value(texts=("r",)))).texts[0]
        writes = name == "createWriteStream" or (
            mode[:1] in ("w", "a", "x") and name not in ("read_text", "read_bytes")
        )
        if writes:
            self._write(place.texts, NO_TAINTS)
            return Value(path="open()", addresses=place.texts)
        return Value(path="open()", addresses=place.texts, taints=place.taints | self._read(place.texts, line))

    def _read(self, texts: tuple[str, ...], line: int) -> frozenset[Taint]:
        found = {taint for text in texts if (taint := taint_of_path(text, line))}
        self.trace.reads.update(texts)
        return frozenset(found) | self._in_files(texts)

    def _in_files(self, texts: Iterable[str]) -> frozenset[Taint]:
        return NO_TAINTS.union(*(self.files.get(text, NO_TAINTS) for text in texts)) if self.files else NO_TAINTS

    def _write(self, texts: tuple[str, ...], taints: frozenset[Taint]) -> Value:
        self.trace.writes.update(texts)
        for text in known(texts):
            self.files[text] = self.files.get(text, NO_TAINTS) | taints
        return Value(taints=NO_TAINTS)

    # ---- what is sent

    def _network(
        self, path: str, name: str, receiver: Value | None, args: list[Value], named: Mapping[str, Value],
        function: Value, file: str, line: int,
    ) -> Value | None:  # fmt: skip
        root, *inner = path.split(".")
        if root not in calls.NETWORK_ROOTS and path not in calls.SENDS_ADDRESS:
            return None
        if (root == "urllib" and inner[:1] == ["parse"]) or (root == "socket" and name in calls.CLEAN):
            return None
        if name in calls.RECEIVES:
            return Value(path=f"{path}()", taints=frozenset({Taint(Source.DOWNLOAD, f"a {root}", line)}))
        addresses = self._addresses(args, named, receiver)
        if not (path in calls.CALLED_THEMSELVES or path in calls.SENDS_ADDRESS or (inner and name in calls.SENDS)):
            taints = (
                self._given(args, named)
                if name in ("Request", *_ADDRESS_NAMES) or name in calls.CONNECTS
                else NO_TAINTS
            )
            return Value(path=f"{path}()", addresses=addresses, taints=taints) if name in calls.CONNECTS else None
        self._note_hosts(addresses)
        carried = receiver.taints if receiver is not None else NO_TAINTS
        downloads = {taint for taint in carried if taint.source is Source.DOWNLOAD}
        taints = self._given(args, named) | (carried - downloads)
        self._flow(Sink.NETWORK, path, taints - downloads, addresses, file, line, function.is_built)
        where = next((text for text in addresses if text.strip(HOLE)), "…")
        source = Source.CLOUD if any(host in where for host in _METADATA) else Source.DOWNLOAD
        back = frozenset({Taint(source, where.replace(HOLE, "…"), line)})
        if name == "urlretrieve" and len(args) > 1:
            self._write(args[1].texts, back)
        return Value(path=f"{path}()", addresses=addresses, taints=back)

    def _given(self, args: list[Value], named: Mapping[str, Value]) -> frozenset[Taint]:
        taints: set[Taint] = set()
        for name, value in named.items():
            taints |= _header(value.taints) if name in _HEADERS else value.taints
        for value in args:
            if any("//" in text for text in value.texts):
                taints |= _header(value.taints)
            elif value.items is not None and value.keys:
                for key, item in zip(value.keys, value.items, strict=False):
                    taints |= _header(item.taints) if key in _HEADERS else item.taints
            else:
                taints |= value.taints
        return frozenset(taints)

    def _addresses(self, args: list[Value], named: Mapping[str, Value], receiver: Value | None) -> tuple[str, ...]:
        found: list[str] = list(receiver.addresses) if receiver is not None else []
        for value in (*args[:3], *(named[name] for name in _ADDRESS_NAMES if name in named)):
            found += [text for text in value.texts if "//" in text or _HOST.fullmatch(text.strip(HOLE + "."))]
            found += value.addresses
            for number, item in enumerate(value.items or ()):
                key = value.keys[number] if number < len(value.keys) else ""
                if key in _ADDRESS_NAMES or (not value.keys and number == 0):
                    found += [text for text in item.texts if text.strip(HOLE)]
        return few(found)

    def _note_hosts(self, addresses: tuple[str, ...]) -> None:
        usable = known(addresses)
        self.trace.hosts.update(usable)
        if not usable:
            self.trace.unknown += 1


_PATH_ONLY = words_in(
    "print log join resolve expanduser joinpath Path normalize append push add_argument mkdir makedirs "
    "mkdirSync exists access "
    "format startswith replace strip split info debug setdefault relative_to with_suffix re.compile compile "
    "match test search "
    "endswith get update str RegExp findall sub add ArgumentParser load_dotenv dotenv.load_dotenv config "
    "dotenv.config touch "
    "lstrip rstrip encode decode lower upper Error write ValueError FileNotFoundError FileExistsError error warn glob "
    "fnmatch unlink chmod is_file lower extend insert frozenset set list tuple dict sorted concat"
)


def _header(taints: frozenset[Taint]) -> frozenset[Taint]:
    kept = (Source.ENV_FILE, Source.SECRET_VARIABLE)
    return frozenset(taint._replace(whole=False) if taint.source in kept else taint for taint in taints)


def _listed(receiver: Value | None, args: list[Value]) -> Value:
    base = receiver if receiver is not None else args[0] if args else UNKNOWN
    texts = []
    for text in base.texts:
        if receiver is not None and args:
            texts += [f"{text}/{pattern}" for pattern in args[0].texts]
        else:
            texts.append(text if "*" in text else f"{text}/{HOLE}")
    return Value(texts=few(texts), taints=base.taints)


def _loads_safely(path: str, args: list[Value], named: Mapping[str, Value]) -> bool:
    if path.startswith("yaml.load"):
        loader = named.get("Loader") or (args[1] if len(args) > 1 else None)
        return loader is not None and "Safe" in (loader.path or "Safe")
    if path == "torch.load":
        option = named.get("weights_only")
        return option is not None and option.texts == ("True",)
    if path in ("numpy.load", "np.load"):
        option = named.get("allow_pickle")
        return option is None or option.texts != ("True",)
    return False
