"""Invoices to print, and how the sheets are read back."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from PIL import Image
from pypdf import PdfReader

from connectors.printing.forms import InvoiceForm, Party
from connectors.printing.invoice import render_invoice
from connectors.printing.settings import Look
from provodka.accounting import BankAccount, Line, Vat, vat_amount

BANK = BankAccount("40702810338000012345", "044525225", "ПАО СБЕРБАНК г. Москва", "30101810400000000225")
SELLER = Party(
    "ООО «Кровля Плюс»", "7701234567", "770101001", "125009, г. Москва, ул. Тверская, д. 12", "+7 495 123-45-67", BANK
)
BUYER = Party("ООО «Дом & Сад <Юг>»", "6164098765", "616401001", "344002, г. Ростов-на-Дону, ул. Садовая, д. 60")
LOOK = Look(director="Иванов И. И.", accountant="Петрова А. А.", qr=False)  # the code takes most of the time


def line(amount: str = "4342.68", vat: str = "22", vat_: str | None = None, **values) -> Line:
    """A line of which a test says what matters; its VAT is within the amount where nothing else is said."""
    total, rate = Decimal(amount), Vat(vat)
    within = vat_amount(total, rate, included=True) if vat_ is None else Decimal(vat_)
    return Line(**{"name": "Профлист С8", "quantity": Decimal(1), "price": total, "unit": "шт", **values},
                amount=total, vat=rate, vat_amount=within)  # fmt: skip


def form(*lines: Line, **values) -> InvoiceForm:
    """An invoice whose sum is right."""
    made = InvoiceForm(
        number="00БП-000217",
        date=date(2026, 7, 15),
        seller=SELLER,
        buyer=BUYER,
        lines=lines or (line(),),
        total=Decimal(0),
        made_at=datetime(2026, 7, 15, 6, 30, tzinfo=UTC),
    )
    made = replace(made, **values)
    return made if "total" in values else replace(made, total=made.payable)


def sheets(file: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(file))


def pages(invoice: InvoiceForm, look: Look = LOOK) -> list[str]:
    """What each page says, a cell or a line of a text per line."""
    found = [page.extract_text() for page in sheets(render_invoice(invoice, look)).pages]
    return [text.replace("\u00a0", " ") for text in found]


def printed(*lines: Line, look: Look = LOOK, **values) -> list[str]:
    """The lines of an invoice of one page."""
    [page] = pages(form(*lines, **values), look)
    return [text.strip() for text in page.splitlines()]


def after(texts: list[str], title: str) -> str:
    """The cell that follows this one."""
    return texts[texts.index(title) + 1]


def image(path: Path, kind: str, size: tuple[int, int] = (60, 60), colour: object = (30, 60, 200, 255)) -> Path:
    """A picture with a frame of this colour, transparent (PNG) or white (JPEG) within."""
    mode = "RGBA" if kind == "PNG" else "RGB"
    picture = Image.new(mode, size, colour if mode == "RGBA" else colour[:3])
    picture.paste((0, 0, 0, 0) if mode == "RGBA" else (255, 255, 255), (5, 5, size[0] - 5, size[1] - 5))
    picture.save(path, kind)
    return path
