"""The sheet under a printed form: A4, the font, what stands at the foot of every page, and the file itself."""

from __future__ import annotations

import io
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import as_file, files
from typing import Any, Final, TypeAlias
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph
from reportlab.platypus.doctemplate import LayoutError

from provodka.errors import Rejected
from provodka.russian import NBSP

FONT: Final = "PT Sans"
BOLD: Final = "PT Sans Bold"
LEFT: Final = 20 * mm  # a hole punch needs room
RIGHT: Final = 10 * mm
TOP: Final = 12 * mm
BOTTOM: Final = 16 * mm
WIDTH: Final = A4[0] - LEFT - RIGHT
GREY: Final = Color(0.45, 0.45, 0.45)
SIZE: Final = 9

TEXT: Final = ParagraphStyle("text", fontName=FONT, fontSize=SIZE, leading=11)
SMALL: Final = ParagraphStyle("small", parent=TEXT, fontSize=7.5, leading=9)
STRONG: Final = ParagraphStyle("strong", parent=TEXT, fontName=BOLD)
HEADING: Final = ParagraphStyle("heading", parent=STRONG, fontSize=14, leading=17)
CENTRED: Final = ParagraphStyle("centred", parent=TEXT, alignment=TA_CENTER)
CAPTION: Final = ParagraphStyle("caption", parent=SMALL, alignment=TA_CENTER)

Command: TypeAlias = tuple[str, tuple[int, int], tuple[int, int], *tuple[Any, ...]]
"""What is said of cells of a table: what, from which column and row, to which, how."""

ONE_AT_A_TIME: Final = threading.Lock()
"""Held while a form is drawn: the library has caches for the whole process and promises nothing of threads."""

for _name, _file in ((FONT, "PT_Sans-Web-Regular.ttf"), (BOLD, "PT_Sans-Web-Bold.ttf")):
    with as_file(files("fontpkg_pt_sans") / "files" / _file) as _path:
        pdfmetrics.registerFont(TTFont(_name, _path))


@dataclass(frozen=True, slots=True)
class About:
    """What is said of a form: `title` above all pages but the first, `mark` at the foot of each, all in the file."""

    title: str
    author: str
    mark: str
    made_at: datetime


def plain(text: str) -> str:
    """A text of accounting as it can be drawn: without line breaks, tabs and what no eye can see."""
    return " ".join("".join(map(_seen, unicodedata.normalize("NFC", text))).split(" "))


def _seen(sign: str) -> str:
    if sign.isprintable() or sign == NBSP:
        return sign
    return "" if unicodedata.category(sign) == "Cf" else " "


def paragraph(text: str, style: ParagraphStyle = TEXT) -> Paragraph:
    """A text that wraps; a word that is too long is cut."""
    return Paragraph(escape(plain(text)), style)


def padding(size: float, rows: tuple[int, int] = (0, -1)) -> list[Command]:
    """The blank around the cells of these rows."""
    return [(f"{side}PADDING", (0, rows[0]), (-1, rows[1]), size) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]


def text_width(text: str, font: str = FONT, size: float = SIZE) -> float:
    """How wide a text is in one line."""
    return pdfmetrics.stringWidth(text, font, size)


def draw(about: About, story: Sequence[Flowable]) -> bytes:
    """The PDF. The same input gives the same bytes."""

    class Sheet(_Sheet):
        made_at = about.made_at.astimezone(UTC)

    def foot(canvas: Canvas, _: BaseDocTemplate) -> None:
        _foot(canvas, about)

    def later(canvas: Canvas, document: BaseDocTemplate) -> None:
        foot(canvas, document)
        canvas.setFont(FONT, SMALL.fontSize)
        canvas.drawString(LEFT, A4[1] - TOP, about.title)

    room = A4[1] - TOP - BOTTOM
    frames = [
        Frame(LEFT, BOTTOM, WIDTH, height, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
        for height in (room, room - 6 * mm)
    ]
    output = io.BytesIO()
    document = BaseDocTemplate(
        output, pagesize=A4, title=about.title, author=about.author, subject=about.mark, creator="Provodka", lang="ru",
        invariant=1,
    )  # fmt: skip
    document.addPageTemplates(
        [
            PageTemplate("first", frames[:1], onPage=foot, autoNextPageTemplate="later"),
            PageTemplate("later", frames[1:], onPage=later),
        ]
    )
    try:
        document.build(list(story), canvasmaker=Sheet)
    except LayoutError as error:
        reason = f"{about.title} cannot be printed: a text does not fit on a page"
        raise Rejected(reason, hint="сократите название или адрес в 1С") from error
    return output.getvalue()


def _foot(canvas: Canvas, about: About) -> None:
    canvas.saveState()
    canvas.setFont(FONT, 6.5)
    canvas.setFillColor(GREY)
    canvas.drawString(LEFT, 8 * mm, about.mark)
    canvas.restoreState()
    canvas.doForm(_page_of(canvas.getPageNumber()))


def _page_of(number: int) -> str:
    return f"page{number}"


class _Sheet(Canvas):
    """Counts its pages: what is said of their number is drawn when the last one is known."""

    made_at: datetime

    def save(self) -> None:
        self.setDateFormatter(lambda *_: f"D:{self.made_at:%Y%m%d%H%M%S}Z")
        pages = self.getPageNumber() - 1
        for number in range(1, pages + 1):
            self.beginForm(_page_of(number))
            if pages > 1:
                self.setFont(FONT, SMALL.fontSize)
                self.drawRightString(A4[0] - RIGHT, 8 * mm, f"стр. {number} из {pages}")
            self.endForm()
        super().save()
