"""The XDTO package of the web service: its types and operations as data, and values read from and written to XML.

The four operations and nine types of the reference service come first and stay as they are there; what an exchange of
whole deals needs beside them follows in the same style. Those later operations answer with an explicit `Result` (code
and text), the first four refuse by an exception, since services of both kinds are met.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

NAMESPACE = "http://crm.example.test/CRMExchange"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a type: `optional` may be left out, `nillable` may be empty, `many` repeats from none up."""

    name: str
    type: str
    optional: bool = False
    nillable: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """Parameters of a call, and the type of its `return`."""

    parameters: tuple[Property, ...]
    returns: str


def _properties(line: str) -> tuple[Property, ...]:
    """`Name:type`, where a type written small is XML Schema's; then `?` optional, `!` nillable, `*` repeated."""
    found = []
    for word in line.split():
        name, _, kind = word.rstrip("?!*").partition(":")
        found.append(Property(name, kind, "?" in word, "!" in word, "*" in word))
    return tuple(found)


TYPES: dict[str, tuple[Property, ...]] = {
    name: _properties(line)
    for name, line in {
        "Counterparty": "ExternalId:string INN:string! KPP:string! Name:string FullName:string? LegalEntity:boolean"
        " OGRN:string? Email:string? Phone:string?",
        "InvoiceLine": "LineNumber:int NomenclatureRef:string? Article:string? Name:string Quantity:decimal"
        " Price:decimal VATRate:string VATSum:decimal Sum:decimal",
        "Invoice": "ExternalId:string OrganizationINN:string CounterpartyRef:string Date:dateTime Currency:string"
        " PriceIncludesVAT:boolean Comment:string? Lines:InvoiceLine*",
        "ObjectResult": "Ref:string Code:string Created:boolean",
        "DocumentResult": "Ref:string Number:string Date:dateTime Posted:boolean Sum:decimal VATSum:decimal"
        " Created:boolean Version:string",
        "Document": "Type:string Ref:string BaseRef:string! Number:string Date:dateTime Posted:boolean"
        " DeletionMark:boolean Sum:decimal Lines:InvoiceLine*",
        "DocumentList": "Cursor:string HasMore:boolean Items:Document*",
        "PrintForm": "FileName:string ContentType:string Data:base64Binary",
        "Order": "ExternalId:string InvoiceRef:string Date:dateTime Comment:string?",
        "Result": "Code:string Text:string Field:string? Document:DocumentResult? Details:DocumentDetails?"
        " Counterparties:FoundCounterparty*",
        "DocumentDetails": "ExternalId:string! CounterpartyRef:string! VATSum:decimal Version:string Document:Document"
        " Allocations:Allocation*",
        "Allocation": "InvoiceRef:string! OrderRef:string! Sum:decimal",
        "FoundCounterparty": "Ref:string Code:string INN:string KPP:string Name:string FullName:string",
        "ServiceInfo": "Configuration:string Version:string",
    }.items()
}

OPERATIONS: dict[str, Operation] = {
    name: Operation(_properties(parameters), returns)
    for name, (parameters, returns) in {
        "CreateCounterparty": ("Counterparty:Counterparty", "ObjectResult"),
        "CreateInvoice": ("Invoice:Invoice Post:boolean", "DocumentResult"),
        "GetDocumentsSince": ("Cursor:string MaxCount:int Types:string", "DocumentList"),
        "GetPrintForm": ("Ref:string Template:string Format:string", "PrintForm"),
        "FindCounterparty": ("INN:string KPP:string!", "Result"),
        "CreateOrder": ("Order:Order Post:boolean", "Result"),
        "FindDocument": ("ExternalId:string", "Result"),
        "GetDocument": ("Ref:string", "Result"),
        "CancelDocument": ("Ref:string", "Result"),
        "Ping": ("", "ServiceInfo"),
    }.items()
}


class XdtoError(Exception):
    """The XML does not fit the package; the text is what 1C says of it."""


def read_call(call: etree._Element) -> tuple[str, dict[str, Any]]:
    """The operation's name and its parameters by name; strict about names, order and types, as XDTO is."""
    name = etree.QName(call)
    if name.namespace != NAMESPACE or name.localname not in OPERATIONS:
        raise XdtoError(f"Операция не найдена: {name.localname}")
    return name.localname, _read_object(call, OPERATIONS[name.localname].parameters)


def write_answer(operation: str, value: Values) -> etree._Element:
    """`<m:OperationResponse>` with its `return`."""
    answer = etree.Element(f"{{{NAMESPACE}}}{operation}Response", nsmap={"m": NAMESPACE})
    _write(answer, Property("return", OPERATIONS[operation].returns), value)
    return answer


def _read_object(element: etree._Element, properties: tuple[Property, ...]) -> dict[str, Any]:
    given = [child for child in element if isinstance(child.tag, str)]
    values: dict[str, Any] = {}
    for known in properties:
        found = []
        while given and etree.QName(given[0]).localname == known.name:
            found.append(_read(given.pop(0), known))
            if not known.many:
                break
        if not found and not (known.optional or known.many):
            raise XdtoError(f"Проверка свойства {known.name}: отсутствует обязательное свойство")
        values[known.name] = found if known.many else (found[0] if found else None)
    if given:
        raise XdtoError(f"Недопустимое свойство или неверный порядок: {etree.QName(given[0]).localname}")
    return values


def _read(element: etree._Element, known: Property) -> Any:  # noqa: ANN401  # a value of any XDTO type
    if element.get(f"{{{XSI}}}nil") in {"true", "1"}:
        if not known.nillable:
            raise XdtoError(f"Свойство {known.name} не может быть пустым")
        return None
    if known.type in TYPES:
        return _read_object(element, TYPES[known.type])
    text = element.text or ""
    try:
        return _SCALARS[known.type](text if known.type == "string" else text.strip())
    except (ValueError, KeyError, InvalidOperation, binascii.Error):
        raise XdtoError(f"Значение '{text}' свойства {known.name} не является значением типа {known.type}") from None


def _write(parent: etree._Element, known: Property, value: Any) -> None:  # noqa: ANN401
    if known.many:
        for one in value or ():
            _write(parent, Property(known.name, known.type), one)
        return
    if value is None and known.optional:
        return
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{known.name}")
    if value is None:
        element.set(f"{{{XSI}}}nil", "true")
    elif known.type in TYPES:
        for inner in TYPES[known.type]:
            _write(element, inner, value.get(inner.name))
    else:
        element.text = _text(value)


def _text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def _naive(text: str) -> datetime:
    """Date and time of the base's own zone; a zone in the text is cut off with no conversion."""
    return datetime.fromisoformat(text).replace(tzinfo=None, microsecond=0)


_SCALARS: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "boolean": lambda text: {"true": True, "1": True, "false": False, "0": False}[text],
    "decimal": Decimal,
    "int": int,
    "dateTime": _naive,
    "base64Binary": base64.b64decode,
}
