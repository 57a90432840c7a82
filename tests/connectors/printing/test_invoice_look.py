"""The client's pictures: checked with the config, drawn where they belong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from connectors.printing.invoice import render_invoice
from connectors.printing.settings import Look
from provodka.config import Section, read_config
from provodka.errors import Rejected
from tests.connectors.printing.samples import LOOK, form, image, line, sheets

SECTIONS = {"look": Section(TypeAdapter(Look), absent={})}


def read(folder: Path, text: str) -> tuple[Look | None, list[str]]:
    """The look of a config and what is wrong with it."""
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    found = read_config(path, SECTIONS, {})
    return found.values["look"], [str(problem).replace(str(folder), "") for problem in found.problems]


def test_pictures_lie_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    stamp = image(tmp_path / "pictures" / "печать.png", "PNG")
    look, problems = read(tmp_path, "look: {stamp: pictures/печать.png, director: Иванов И. И., qr: false}")
    assert problems == []
    assert look == Look(stamp=stamp, director="Иванов И. И.", qr=False)


def test_everything_may_be_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, "look: {}") == (Look(), [])
    assert Look().qr


def test_a_picture_that_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    _, problems = read(tmp_path, "look:\n  director: Иванов И. И.\n  stamp: печать.png\n")
    assert problems == [
        "/config.yaml:3:10  look.stamp  the picture печать.png cannot be read: No such file or directory "
        "(a path is relative to the folder of the config)"
    ]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"%PDF-1.4", "печать.png is no picture (save it as PNG (with a transparent background) or JPEG)"),
        (b"", "печать.png is no picture"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 2_000_000, "the picture печать.png is larger than 2 MB"),
    ],
    ids=["pdf", "empty", "large"],
)
def test_what_is_no_fit_picture_is_told(tmp_path: Path, body: bytes, told: str) -> None:
    (tmp_path / "печать.png").write_bytes(body)
    _, [problem] = read(tmp_path, "look: {director_facsimile: печать.png}")
    assert told in problem
    assert "look.director_facsimile" in problem


def test_a_misspelt_key_is_told_with_the_right_one(tmp_path: Path) -> None:
    _, [problem] = read(tmp_path, "look: {stmap: печать.png}")
    assert 'did you mean "stamp"?' in problem


def test_stamp_and_signatures_are_on_the_last_page_and_the_logo_on_the_first(tmp_path: Path) -> None:
    look = Look(
        logo=image(tmp_path / "logo.jpg", "JPEG", (300, 80)),
        stamp=image(tmp_path / "stamp.png", "PNG", (90, 90), (200, 20, 30, 255)),
        director_facsimile=image(tmp_path / "director.png", "PNG", (80, 30), (20, 30, 90, 255)),
        accountant_facsimile=image(tmp_path / "accountant.png", "PNG", (70, 30), (10, 80, 90, 255)),
    )
    first, last = sheets(render_invoice(form(*[line() for _ in range(45)]), look)).pages
    assert [picture.image.size for picture in first.images] == [(300, 80)]
    drawn = {picture.image.size: picture.image.convert("RGBA") for picture in last.images}
    assert set(drawn) == {(90, 90), (80, 30), (70, 30)}
    assert drawn[90, 90].getpixel((1, 1)) == (200, 20, 30, 255)
    assert drawn[90, 90].getpixel((45, 45))[3] == 0  # what is transparent stays so, or the stamp would hide the names


def test_without_pictures_there_are_none() -> None:
    [page] = sheets(render_invoice(form(), LOOK)).pages
    assert list(page.images) == []


@pytest.mark.parametrize("broken", [b"", b"\x89PNG\r\n\x1a\n", None], ids=["empty", "cut", "gone"])
@pytest.mark.parametrize("place", ["logo", "stamp", "director_facsimile"])
def test_a_picture_that_broke_after_the_start_is_named(tmp_path: Path, broken: bytes | None, place: str) -> None:
    path = image(tmp_path / "печать.png", "PNG")
    look = Look(**{place: path})
    path.unlink() if broken is None else path.write_bytes(broken)
    with pytest.raises(Rejected, match=r"the picture печать\.png cannot be drawn") as refused:
        render_invoice(form(), look)
    assert "печать.png" in refused.value.hint


def test_a_picture_cut_in_the_middle_is_named_too(tmp_path: Path) -> None:
    path = image(tmp_path / "logo.jpg", "JPEG", (600, 600))
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(Rejected, match=r"logo\.jpg"):
        render_invoice(form(), Look(logo=path))


def test_the_forms_and_settings_alone_load_no_pdf_library() -> None:
    program = (
        "import sys, connectors.printing.forms, connectors.printing.settings; "
        "print([name for name in ('reportlab', 'PIL') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True,
                          cwd=Path(__file__).parents[3])  # fmt: skip
    assert told.stdout.strip() == "[]"
