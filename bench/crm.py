"""The emulated amoCRM alone, for benchmarks: `python -m bench.crm PORT`."""

from __future__ import annotations

import sys
import threading

from sandbox.amocrm import AmoCrm

if __name__ == "__main__":
    emulator = AmoCrm(state_path=None)
    emulator.start("127.0.0.1", int(sys.argv[1]))
    threading.Event().wait()
