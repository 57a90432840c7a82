"""An emulated base of 1C alone, for benchmarks: `python -m bench.base PORT CONFIGURATION`."""

from __future__ import annotations

import sys
import threading

from sandbox.onec import OneC

if __name__ == "__main__":
    port, configuration = sys.argv[1:]
    OneC(configuration).start("127.0.0.1", int(port))
    threading.Event().wait()
