"""What the services published in 1C do, whichever road a call came by: HTTP services, SOAP, a site's exchange."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from typing import Any

from sandbox.onec.base import Base
from sandbox.onec.checks import check_counterparty
from sandbox.onec.clerk import Clerk
from sandbox.onec.drafts import (
    Changes,
    Clash,
    Counterparty,
    CounterpartyDraft,
    InvoiceDraft,
    Made,
    Missing,
    OrderDraft,
    Refused,
    Told,
)
from sandbox.onec.errors import LOCK_CONFLICT, LockedError, NotFoundError, OnecError
from sandbox.onec.forms import printed_form
from sandbox.onec.papers import Paper
from sandbox.onec.service_switches import ServiceSwitches
from sandbox.onec.telling import Teller
from sandbox.onec.values import Record

VERSION = "1.4.2"
FACTS = {"payment": "оплата", "shipment": "отгрузка"}


def never(name: str) -> bool:
    """No counted switch hits."""
    del name
    return False


class Desk:
    """Reads and writes one base for its services. Refused (and Missing, Clash) is for the caller's eyes; what the base
    itself refuses comes as OnecError. `take` asks the emulator whether a counted switch hits this write.
    """

    def __init__(self, base: Base, take: Callable[[str], bool] = never) -> None:
        self.base = base
        self.switches = ServiceSwitches()
        self._take = take
        self.clerk = Clerk(base)
        self.teller = Teller(base)
        self._contents: dict[str, str] = {}
        self._asked: dict[str, int] = {}

    def reset(self) -> None:
        """Forget what was asked; the switches go back too."""
        self.switches = ServiceSwitches()
        self._contents.clear()
        self._asked.clear()

    def about(self) -> dict[str, str]:
        """The configuration's title and the extension's version."""
        return {"configuration": self.base.configuration.title, "version": VERSION}

    def counterparty(self, draft: CounterpartyDraft) -> Counterparty:
        """Find by the external id, else by ИНН and КПП (a person by name), else create; a known one is updated."""
        self._begin()
        return self._met(draft, "")

    def find_counterparties(self, inn: str, kpp: str = "", name: str = "") -> list[Counterparty]:
        """By ИНН, КПП and name, each where given; folders and what is marked for deletion are left out."""
        wanted = {key: value for key, value in (("ИНН", inn), ("КПП", kpp), ("Description", name)) if value}
        found = self.base.find(self.base.configuration.roles.counterparty, **wanted)
        return [_counterparty(one) for one in found if not one.get("IsFolder")]

    def invoice(self, draft: InvoiceDraft) -> Made:
        """The invoice of the external id: made, or the same as before. Clash if it was made of other content."""
        self._begin()
        key, content = f"invoice:{draft.external_id}", _digest(replace(draft, create_products=None))
        with self.base.lock:
            known = self._known(key, content)
            if known:
                return Made(self.teller.told(known), False, self._buyer(known))
            given = draft.counterparty
            buyer = self._by_ref(given) if isinstance(given, str) else self._met(given, "counterparty.")
            record = self.base.read(self.base.configuration.roles.counterparty, buyer.ref)
            create = self.switches.create_products if draft.create_products is None else draft.create_products
            paper = self.clerk.invoice(replace(draft, create_products=create), record)
            self._bind(key, paper.set, paper.record, content)
            return Made(self.teller.told(paper), True, buyer)

    def order(self, draft: OrderDraft) -> Made:
        """The order of an invoice; of two external ids for one invoice the second is told the same order."""
        self._begin()
        key, content = f"order:{draft.external_id}", _digest(draft)
        with self.base.lock:
            known = self._known(key, content)
            if known:
                return Made(self.teller.told(known), False, self._buyer(known))
            invoice = self._paper(draft.invoice_ref, "invoice_ref")
            if invoice.kind != "invoice" or invoice.deleted:
                raise Refused("validation", f"Документ {invoice.number} не является действующим счётом", "invoice_ref")
            if self.base.configuration.role("order") is None:
                title = self.base.configuration.title
                raise Refused("not_supported", f"В конфигурации «{title}» нет заказов", "invoice_ref")
            paper = self.base.accountant.order(invoice.ref)
            if draft.comment:
                self.base.patch(paper.set, paper.ref, {"Комментарий": draft.comment})
            if not draft.post:
                self.base.accountant.unpost(paper.ref)
            paper = self.base.papers.of(paper.ref)
            self._bind(key, paper.set, paper.record, content)
            return Made(self.teller.told(paper), True, self._buyer(paper))

    def paper(self, ref: str) -> Told:
        return self.teller.told(self._paper(ref))

    def document(self, external_id: str, *kinds: str) -> Told:
        """The invoice or order of an external id, or that of one of these kinds."""
        for kind in kinds or ("invoice", "order"):
            if record := self.base.bound(f"{kind}:{external_id}"):
                return self.paper(record["Ref_Key"])
        raise Missing("not_found", f"Документ с номером {external_id} не записан", "external_id")

    def known_counterparty(self, external_id: str) -> Counterparty:
        """The counterparty of an external id."""
        record = self.base.bound(f"counterparty:{external_id}")
        if record is None or record["DeletionMark"]:
            raise Missing("not_found", f"Контрагент с номером {external_id} не записан", "external_id")
        return _counterparty(record)

    def cancel(self, ref: str) -> Told:
        """Unpost and mark for deletion, an invoice of УТ with its order; refused once there is money or a shipment."""
        self._begin()
        with self.base.lock:
            paper = self._paper(ref)
            together = [paper]
            if self.base.configuration.documents[paper.set].lines_of_base:
                together.append(self.base.papers.goods(paper))
            for one in together:
                later = [child for child in self.base.papers.children(one.ref, "payment", "shipment") if child.counts]
                if later:
                    text = (
                        f"Документ {one.number} отменить нельзя: по нему есть {FACTS[later[0].kind]} {later[0].number}"
                    )
                    raise Refused("has_documents", text)
            for one in together:
                if not one.deleted:
                    self.base.accountant.delete(one.ref)
            return self.paper(ref)

    def printed(self, ref: str) -> tuple[str, bytes]:
        """File name and PDF of a document; Missing while it is not ready yet."""
        form = printed_form(self.paper(ref))
        self._asked[ref] = self._asked.get(ref, 0) + 1
        if self._asked[ref] <= self.switches.print_after:
            raise Missing("not_ready", "Печатная форма ещё не сформирована")
        return form

    def changes(self, cursor: str, limit: int, kinds: Iterable[str] = ()) -> Changes:
        """Documents registered after the cursor; a base restored from an older copy answers with a smaller cursor."""
        return self.teller.changes(cursor, limit, kinds)

    def _met(self, draft: CounterpartyDraft, field: str) -> Counterparty:
        check_counterparty(draft, field)
        key = f"counterparty:{draft.external_id}"
        with self.base.lock:
            known = self.base.bound(key) if draft.external_id else None
            if known and (known["ИНН"], known["КПП"]) != (draft.inn, draft.kpp):
                text = f"Под этим номером записан контрагент с ИНН {known['ИНН']} и КПП {known['КПП']}"
                raise Clash("conflict", text, f"{field}external_id")
            known = known or self._same(draft, field)
            content, changed = _digest(draft), self._contents.get(key)
            if known is None or (changed not in {None, content}):
                known, created = self.clerk.parties.write(draft, known["Ref_Key"] if known else ""), known is None
            else:
                created = False
            if draft.external_id:
                self._bind(key, self.base.configuration.roles.counterparty, known, content)
            return _counterparty(known, created=created)

    def _begin(self) -> None:
        """What may befall any writing call before it has done anything."""
        if self._take("lock_conflicts"):
            raise LockedError(LOCK_CONFLICT)
        if self._take("internal"):
            raise OnecError("Преобразование значения к типу Число не может быть выполнено")

    def _known(self, key: str, content: str) -> Paper | None:
        record = self.base.bound(key)
        if record is None:
            return None
        if self._contents.get(key, content) != content:
            raise Clash("conflict", "Под этим номером уже записан документ с другим содержанием", "external_id")
        return self.base.papers.of(record["Ref_Key"])

    def _bind(self, key: str, name: str, record: Record, content: str) -> None:
        self.base.bind(key, name, record["Ref_Key"])
        self._contents[key] = content

    def _same(self, draft: CounterpartyDraft, field: str) -> Record | None:
        name = self.base.configuration.roles.counterparty
        wanted = {"ИНН": draft.inn, "КПП": draft.kpp} if draft.inn else {"Description": draft.name, "ИНН": ""}
        found = [one for one in self.base.find(name, **wanted) if not one.get("IsFolder")]
        if len(found) > 1:
            text = (
                f"Контрагентов с ИНН {draft.inn or draft.name} и КПП {draft.kpp or 'без КПП'} несколько: {len(found)}"
            )
            raise Refused("ambiguous", text, f"{field}inn")
        return found[0] if found else None

    def _paper(self, ref: str, field: str = "") -> Paper:
        try:
            return self.base.papers.of(ref)
        except NotFoundError as error:
            raise Missing("not_found", str(error), field) from None

    def _by_ref(self, ref: str) -> Counterparty:
        record = self.base.get(self.base.configuration.roles.counterparty, ref)
        if record is None:
            raise Missing("not_found", f"Контрагент {ref} не найден", "counterparty")
        return _counterparty(record)

    def _buyer(self, paper: Paper) -> Counterparty:
        return self._by_ref(paper.counterparty.ref)


def _counterparty(record: Record, *, created: bool = False) -> Counterparty:
    return Counterparty(
        ref=record["Ref_Key"],
        code=record["Code"],
        name=record["Description"],
        full_name=record["НаименованиеПолное"],
        inn=record["ИНН"],
        kpp=record["КПП"],
        deleted=record["DeletionMark"],
        version=record["DataVersion"],
        created=created,
    )


def _digest(draft: Any) -> str:  # noqa: ANN401  # any of the drafts
    return hashlib.sha256(repr(asdict(draft)).encode()).hexdigest()
