"""The demo, as whoever has just cloned the project sees it."""

from __future__ import annotations

import io
import os
import socket
from pathlib import Path

import pytest
from rich.console import Console

from cli.demo import demo

ROADS = os.environ.get("PROVODKA_DEMO_ROADS", "commerceml").split()
"""The one that differs most from the usual one, which is played twice below; all of them with
PROVODKA_DEMO_ROADS="odata http soap commerceml"."""


def played(folder: Path, road: str = "") -> tuple[int, str]:
    """Exit code and words of `provodka demo --once`, on ports that are free."""
    out = io.StringIO()
    return demo(folder, Console(file=out, width=300), once=True, port=0, sandbox_port=0, onec=road), out.getvalue()


@pytest.mark.parametrize("road", ROADS)
def test_the_demo_ends_with_a_sale_in_1c_by_each_road(tmp_path: Path, road: str) -> None:
    code, told = played(tmp_path, road)
    assert code == 0, told
    assert "a sale in 1C: paid, shipped, won, once" in told


def test_a_demo_played_again_in_its_folder_finds_what_it_left_and_doubles_nothing(tmp_path: Path) -> None:
    first, again = played(tmp_path, "odata"), played(tmp_path, "odata")
    assert (first[0], again[0]) == (0, 0), again[1]
    assert "a sale in 1C: paid, shipped, won, once" in first[1]
    assert "four leads" in again[1]
    for kind in (
        "form.submitted",
        "email.received",
        "call.finished",
        "message.received",
        "table.row_added",
        "invoice.",
    ):
        assert kind in first[1]
        assert kind not in again[1]


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    out = io.StringIO()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        amocrm = taken.getsockname()[1]
        code = demo(tmp_path, Console(file=out, width=300), once=True, port=0, sandbox_port=amocrm - 1)
    assert code == 1
    assert "--sandbox-port" in out.getvalue()
