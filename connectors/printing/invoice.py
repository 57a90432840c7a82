"""Our own «Счёт на оплату», for an accounting that gives no printed form."""

from __future__ import annotations

from typing import Final

from reportlab.graphics.barcode.qr import QrCode
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, HRFlowable, Spacer, Table

from connectors.printing.forms import InvoiceForm, in_words
from connectors.printing.lines import lines_table
from connectors.printing.page import (
    CAPTION,
    HEADING,
    ONE_AT_A_TIME,
    SMALL,
    STRONG,
    TEXT,
    WIDTH,
    About,
    Command,
    draw,
    padding,
    paragraph,
)
from connectors.printing.payment_code import payment_code
from connectors.printing.pictures import Picture
from connectors.printing.settings import Look
from connectors.printing.signatures import Signatures, Signer
from connectors.printing.words import sum_in_words
from provodka.russian import grouped

_LOGO: Final = (60 * mm, 20 * mm)
_QR: Final = 34 * mm


def render_invoice(form: InvoiceForm, look: Look) -> bytes:
    """The invoice as PDF (A4). Raises Rejected where the form or a picture is no good; it says everything at once."""
    form.check()
    mark = f"Печатная форма составлена вне 1С по данным документа 1С № {form.number} от {form.date:%d.%m.%Y}"
    about = About(form.heading, form.seller.name, mark, form.made_at)
    with ONE_AT_A_TIME:
        return draw(about, [*_top(form, look), *_parties(form), lines_table(form, _bottom(form, look))])


def _top(form: InvoiceForm, look: Look) -> list[Flowable]:
    story: list[Flowable] = []
    if look.logo:
        story += [Picture(look.logo, *_LOGO), Spacer(0, 3 * mm)]
    if look.note:
        story += [paragraph(look.note, SMALL), Spacer(0, 3 * mm)]
    story.append(_bank_with_code(form) if look.qr else _bank(form, WIDTH))
    line = HRFlowable("100%", 1.2, color="black", spaceBefore=2 * mm, spaceAfter=3 * mm)
    return [*story, Spacer(0, 5 * mm), paragraph(form.heading, HEADING), line]


def _bank_with_code(form: InvoiceForm) -> Flowable:
    code = QrCode(payment_code(form), qrLevel="M", qrBorder=0, width=_QR, height=_QR)
    beside = [[_bank(form, WIDTH - _QR - 5 * mm), [code, Spacer(0, 1 * mm), paragraph("Оплата по QR-коду", CAPTION)]]]
    return Table(beside, [WIDTH - _QR, _QR], style=[("VALIGN", (0, 0), (-1, -1), "TOP"), *padding(0)])


def _bank(form: InvoiceForm, width: float) -> Table:
    """The head of a payment order, as every accountant knows it."""
    seller, bank = form.seller, form.account
    label, number = 14 * mm, 44 * mm
    half = (width - label - number) / 2
    rows: list[list[object]] = [
        [[paragraph(bank.bank), paragraph("Банк получателя", SMALL)], "", "БИК", bank.bic],
        ["", "", "Сч. №", bank.correspondent],
        [f"ИНН {seller.inn}", f"КПП {seller.kpp}" if seller.kpp else "", "Сч. №", bank.number],
        [[paragraph(seller.name), paragraph("Получатель", SMALL)], "", "", ""],
    ]
    style: list[Command] = [
        ("FONT", (0, 0), (-1, -1), TEXT.fontName, TEXT.fontSize),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("SPAN", (0, 0), (1, 1)),
        ("SPAN", (0, 3), (1, 3)),
        ("SPAN", (2, 2), (2, 3)),
        ("SPAN", (3, 2), (3, 3)),
        ("BOX", (0, 0), (1, 1), 0.5, "black"),
        ("BOX", (2, 0), (2, 0), 0.5, "black"),
        ("BOX", (2, 0), (3, 1), 0.5, "black"),
        ("BOX", (0, 2), (0, 2), 0.5, "black"),
        ("BOX", (1, 2), (1, 2), 0.5, "black"),
        ("BOX", (0, 3), (1, 3), 0.5, "black"),
        ("BOX", (2, 0), (2, 3), 0.5, "black"),
        ("BOX", (3, 0), (3, 3), 0.5, "black"),
        *padding(1 * mm),
    ]
    return Table(rows, [half, half, label, number], style=style, hAlign="LEFT")


def _parties(form: InvoiceForm) -> list[Flowable]:
    described = {
        "Поставщик (исполнитель):": form.seller.described,
        "Покупатель (заказчик):": form.buyer.described,
        "Основание:": form.contract,
        "Оплатить до:": in_words(form.pay_by) if form.pay_by else "",
    }
    rows = [[paragraph(name), paragraph(value, STRONG)] for name, value in described.items() if value]
    style: list[Command] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        *padding(0),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2 * mm),
    ]
    return [Table(rows, [27 * mm, WIDTH - 27 * mm], style=style), Spacer(0, 2 * mm)]


def _bottom(form: InvoiceForm, look: Look) -> list[Flowable]:
    names = f"Всего наименований {len(form.lines)}, на сумму {grouped(form.total, 2)} руб."
    title = look.director_title or ("Предприниматель" if form.seller.is_sole else "Руководитель")
    signers = [Signer(title, look.director, look.director_facsimile)]
    if not form.seller.is_sole or look.accountant:
        signers.append(Signer("Бухгалтер", look.accountant, look.accountant_facsimile))
    return [
        Spacer(0, 3 * mm),
        paragraph(names),
        paragraph(sum_in_words(form.total), STRONG),
        Spacer(0, 4 * mm),
        Signatures(tuple(signers), look.stamp),
    ]
