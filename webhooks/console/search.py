"""The first page: one box that finds a person's story."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue


def blueprint() -> Blueprint:
    """`/console/`."""
    pages = Blueprint("search", __name__)

    @pages.get("/")
    def page() -> ResponseReturnValue:
        return render_template("search.html")

    return pages
