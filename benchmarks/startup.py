"""Start of the command line beside bare Python with argparse, and of the server to its first answer.

python -m benchmarks.startup
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks.measure import Result, alternate, ratio, report
from benchmarks.peers import free_port

ROUNDS = 11


def main() -> None:
    program = str(Path(sys.executable).with_name("skillyard"))
    results = alternate(
        {
            "skillyard --version": lambda: _timed([program, "--version"]),
            "python + argparse": lambda: _timed([sys.executable, "-c", "import argparse"]),
        },
        unit="ms",
        rounds=ROUNDS,
    )
    value = ratio(results["skillyard --version"], results["python + argparse"])
    report("start of the command line", results, {"/ bare python": (value, "<= 1.5")})
    seconds = tuple(_server_start() for _ in range(5))
    server = Result("skillyard serve", "s to the first 200", seconds)
    report("cold start of the server", {"server": server}, {"seconds": (server.median, "<= 1.0, aim 0.4")})


def _timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return (time.perf_counter() - began) * 1000


def _server_start() -> float:
    with tempfile.TemporaryDirectory() as scratch:
        port = free_port()
        environment = os.environ | {"SKILLYARD_DATA_DIR": scratch}
        command = [sys.executable, "-m", "skillyard.operate", "serve", "--port", str(port)]
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while True:
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health").close()
                    return time.perf_counter() - began
                time.sleep(0.005)
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
