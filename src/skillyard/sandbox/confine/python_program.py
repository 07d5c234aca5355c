"""Runs a Python script inside the sandbox as `python script` would: its own folder and its dependencies on the path,
nothing of the machine's packages. Imports only the standard library.
"""

import builtins
import os
import sys
import types

DEPENDENCIES = "/deps/python"


def import_what_many_use() -> None:
    """While there is time for it."""
    import argparse  # noqa: F401
    import pathlib  # noqa: F401


def run_sent(message: bytes) -> None:
    """`arguments` and `environment` as JSON: what a Python that waited is to run. Does not return."""
    import gc
    import json

    sent = json.loads(message)
    os.environ.clear()
    os.environ.update(sent["environment"])
    known = set(sys.modules)
    gc.freeze()
    code: object = 0
    try:
        run(sent["arguments"])
    except SystemExit as error:
        code = error.code
    _leave(code, known)


def _leave(code: object, known: "set[str]") -> None:
    """End as the interpreter does, but give back only what the script has made: the process ends here anyway."""
    import atexit
    import gc
    import threading

    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    if threading.active_count() > 1 or not (code is None or isinstance(code, int)):
        sys.exit(code)  # type: ignore[arg-type]
    for name in [name for name in sys.modules if name not in known or name == "__main__"]:
        module = sys.modules.pop(name)
        if isinstance(module, types.ModuleType):  # also other things stand there, such as the class `typing.io`
            vars(module).clear()
    gc.collect()
    for stream in (sys.stdout, sys.stderr):
        if stream and not stream.closed:
            stream.flush()
    os._exit((code or 0) & 0xFF)


def run(arguments: "list[str]") -> None:
    """A script's path, `-c` and code, or `-m` and a module, each with its own arguments. May raise SystemExit."""
    for name in ("python_program", "starter"):
        sys.modules.pop(name, None)
    builtins.exit = builtins.quit = sys.exit  # type: ignore[assignment]
    if os.path.isdir(DEPENDENCIES):  # noqa: PTH112 (quick to start)
        sys.path.insert(0, DEPENDENCIES)
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__builtins__ = builtins  # type: ignore[attr-defined]
    try:
        _run(main, arguments)
    except SystemExit:
        raise
    except BaseException as error:
        _tell(error)
        sys.exit(1)


def _run(main: types.ModuleType, arguments: "list[str]") -> None:
    first, *rest = arguments
    if first == "-m":
        import runpy

        sys.argv = ["-m", *rest[1:]]
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        return
    if first == "-c":
        sys.argv = ["-c", *rest[1:]]
        sys.path.insert(0, "")
        code = compile(rest[0], "<string>", "exec", dont_inherit=True)
    else:
        sys.argv = arguments
        sys.path.insert(0, os.path.dirname(os.path.abspath(first)))  # noqa: PTH100, PTH120
        main.__file__ = first
        with open(first, "rb") as script:  # noqa: PTH123
            code = compile(script.read(), first, "exec", dont_inherit=True)
    exec(code, main.__dict__)  # noqa: S102 (what it is for)


def _tell(error: BaseException) -> None:
    """As the interpreter does, with a traceback that begins in the script."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    sys.excepthook(type(error), error.with_traceback(trace), trace)


if __name__ == "__main__":
    run(sys.argv[1:])
