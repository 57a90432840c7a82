"""The floor: an empty Flask route on the product's own server: `python -m bench.floor PORT`."""

from __future__ import annotations

import sys
import threading

from flask import Flask

from webhooks.server import WebServer

app = Flask("floor")


@app.route("/<path:anything>", methods=["GET", "POST"])
def empty(anything: str) -> str:
    """Nothing is read, nothing is written."""
    del anything
    return "ok"


if __name__ == "__main__":
    WebServer(app, "127.0.0.1", int(sys.argv[1]), 16).start()
    threading.Event().wait()
