"""The bodies of `POST /_sandbox/acts`, each with the act of the accountant that it plays, and a document as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.onec.accountant import Accountant
from sandbox.onec.papers import Paper

Json = dict[str, Any]


class _Act(BaseModel):
    model_config = ConfigDict(extra="forbid")

    def play(self, accountant: Accountant) -> Json:
        """Do it and tell what came of it."""
        raise NotImplementedError


class _Pay(_Act):
    act: Literal["pay"]
    document: str
    amount: Decimal | None = None
    cash: bool = False
    linked: bool = True
    on: date | None = None

    def play(self, accountant: Accountant) -> Json:
        how = {"cash": self.cash, "linked": self.linked}
        return paper_json(accountant.pay(self.document, self.amount, on=self.on, **how))


class _PayMany(_Act):
    """`documents`: the invoices with their shares, null for what is left."""

    act: Literal["pay_many"]
    documents: dict[str, Decimal | None]
    cash: bool = False
    linked: bool = True
    on: date | None = None

    def play(self, accountant: Accountant) -> Json:
        how = {"cash": self.cash, "linked": self.linked}
        return paper_json(accountant.pay_many(self.documents, on=self.on, **how))


class _Refund(_Act):
    act: Literal["refund"]
    document: str
    amount: Decimal | None = None
    cash: bool = False

    def play(self, accountant: Accountant) -> Json:
        return paper_json(accountant.refund(self.document, self.amount, cash=self.cash))


class _Ship(_Act):
    """`lines`: quantities by line number; all that is left without it."""

    act: Literal["ship"]
    document: str
    lines: dict[int, Decimal] | None = None

    def play(self, accountant: Accountant) -> Json:
        return paper_json(accountant.ship(self.document, self.lines))


class _Change(BaseModel):
    model_config = ConfigDict(extra="forbid")

    quantity: Decimal | None = None
    price: Decimal | None = None


class _EditLines(_Act):
    """`lines`: by number, `{"quantity": …, "price": …}` or null to strike the line out."""

    act: Literal["edit_lines"]
    document: str
    lines: dict[int, _Change | None] = Field(min_length=1)

    def play(self, accountant: Accountant) -> Json:
        changes: dict[int, Mapping[str, Decimal] | None] = {
            number: None if change is None else change.model_dump(exclude_none=True)
            for number, change in self.lines.items()
        }
        return paper_json(accountant.edit_lines(self.document, changes))


class _OnDocument(_Act):
    act: Literal["order", "post", "unpost", "delete", "undelete"]
    document: str

    def play(self, accountant: Accountant) -> Json:
        done: Callable[[str], Paper] = getattr(accountant, self.act)
        return paper_json(done(self.document))


class _Merge(_Act):
    act: Literal["merge_counterparties"]
    keep: str
    double: str

    def play(self, accountant: Accountant) -> Json:
        return {"counterparty": accountant.merge_counterparties(self.keep, self.double)}


class _ClosePeriod(_Act):
    """`until` null opens all."""

    act: Literal["close_period"]
    until: date | None

    def play(self, accountant: Accountant) -> Json:
        accountant.close_period(self.until)
        return {"closed": self.until and self.until.isoformat()}


class _Lock(_Act):
    act: Literal["lock"]
    document: str
    seconds: float = Field(ge=0)

    def play(self, accountant: Accountant) -> Json:
        accountant.lock(self.document, self.seconds)
        return {"locked": self.seconds}


class _TakeCopy(_Act):
    act: Literal["take_copy"]

    def play(self, accountant: Accountant) -> Json:
        return {"copy": accountant.take_copy()}


class _Restore(_Act):
    """`copy` by the number that taking it gave, the last one without it."""

    act: Literal["restore"]
    copy_number: int | None = Field(default=None, alias="copy")

    def play(self, accountant: Accountant) -> Json:
        accountant.restore(self.copy_number)
        return {"restored": True}


MODELS: dict[str, type[_Act]] = {
    "pay": _Pay,
    "pay_many": _PayMany,
    "refund": _Refund,
    "ship": _Ship,
    "edit_lines": _EditLines,
    **dict.fromkeys(("order", "post", "unpost", "delete", "undelete"), _OnDocument),
    "merge_counterparties": _Merge,
    "close_period": _ClosePeriod,
    "lock": _Lock,
    "take_copy": _TakeCopy,
    "restore": _Restore,
}


def paper_json(paper: Paper) -> Json:
    """A document in neutral words; money and quantities as strings, dates without a zone."""
    return {
        **{
            name: getattr(paper, name)
            for name in ("kind", "set", "ref", "number", "printed", "posted", "deleted", "cash")
        },
        "date": paper.date.isoformat(),
        "sum": str(paper.sum),
        "vat": str(paper.vat),
        "version": paper.version,
        "comment": paper.comment,
        "counterparty": {name: getattr(paper.counterparty, name) for name in ("ref", "inn", "kpp", "name")},
        "bases": [{"ref": basis.ref, "sum": str(basis.sum)} for basis in paper.bases],
        "lines": [
            {
                **{name: getattr(line, name) for name in ("number", "product", "article", "name", "vat_rate")},
                **{name: str(getattr(line, name)) for name in ("price", "sum", "vat", "total")},
                "quantity": f"{line.quantity.normalize():f}",
            }
            for line in paper.lines
        ],
    }
