"""The web service `CRMExchange` at `/base/ws/CRMExchange.1cws`: SOAP 1.1 and 1.2, document/literal wrapped."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, request
from lxml import etree

from sandbox.onec.desk import Desk
from sandbox.onec.door import page
from sandbox.onec.drafts import Refused
from sandbox.onec.errors import OnecError
from sandbox.onec.soap_operations import Operations
from sandbox.onec.wsdl import wsdl
from sandbox.onec.xdto import XdtoError, read_call, write_answer

PATH = "/base/ws/CRMExchange.1cws"
INTERNAL = "http://srv-1c.corp.local/buh/ws/CRMExchange.1cws"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What differs between the two versions of SOAP."""

    namespace: str
    mime: str


SOAP_11 = Envelope("http://schemas.xmlsoap.org/soap/envelope/", "text/xml; charset=utf-8")
SOAP_12 = Envelope("http://www.w3.org/2003/05/soap-envelope", "application/soap+xml; charset=utf-8")


def blueprint(desk: Desk) -> Blueprint:
    """The service's address, with and without `?wsdl`."""
    routes = Blueprint("onec_soap", __name__)

    @routes.get(PATH)
    def describe() -> Response:
        if not desk.switches.installed:
            return page(404, "Not Found", "Web-сервис не найден")
        location = INTERNAL if desk.switches.internal_address else request.base_url
        return Response(wsdl(location), content_type="text/xml; charset=utf-8")

    @routes.post(PATH)
    def call() -> Response:
        return (
            answer(desk, request.get_data())
            if desk.switches.installed
            else page(404, "Not Found", "Web-сервис не найден")
        )

    return routes


def answer(desk: Desk, body: bytes) -> Response:
    """Run the call in the envelope; whatever the module lets through becomes a fault with status 500."""
    envelope = SOAP_12 if SOAP_12.namespace.encode() in body else SOAP_11
    try:
        operation, values = read_call(_opened(body, envelope))
        content = write_answer(operation, Operations(desk).call(operation, values))
        return _sent(envelope, content, 200)
    except XdtoError as error:
        return _sent(envelope, _fault(envelope, f"Ошибка преобразования данных XDTO:\n{error}"), 500)
    except Refused as refusal:
        return _sent(envelope, _fault(envelope, f"{{WebСервис.CRMExchange.Модуль(112)}}: {refusal.message}"), 500)
    except OnecError as error:
        return _sent(envelope, _fault(envelope, f"Ошибка при вызове метода контекста (Записать): {error}"), 500)


def _opened(body: bytes, envelope: Envelope) -> etree._Element:
    """The call inside the envelope's body."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise XdtoError(f"Ошибка разбора XML: {error}") from None
    calls = root.findall(f"{{{envelope.namespace}}}Body/*")
    if root.tag != f"{{{envelope.namespace}}}Envelope" or len(calls) != 1:
        raise XdtoError("Ожидается конверт SOAP с одним вызовом")
    return calls[0]


def _sent(envelope: Envelope, content: etree._Element, status: int) -> Response:
    root = etree.Element(f"{{{envelope.namespace}}}Envelope", nsmap={"soap": envelope.namespace})
    etree.SubElement(root, f"{{{envelope.namespace}}}Header")
    etree.SubElement(root, f"{{{envelope.namespace}}}Body").append(content)
    text = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return Response(text, status, content_type=envelope.mime)


def _fault(envelope: Envelope, text: str) -> etree._Element:
    """No structured code: the whole text of the exception, as BSL raised it."""
    fault = etree.Element(f"{{{envelope.namespace}}}Fault")
    if envelope is SOAP_11:
        etree.SubElement(fault, "faultcode").text = "soap:Server"
        etree.SubElement(fault, "faultstring").text = text
        etree.SubElement(fault, "detail")
        return fault
    code = etree.SubElement(fault, f"{{{envelope.namespace}}}Code")
    etree.SubElement(code, f"{{{envelope.namespace}}}Value").text = "soap:Receiver"
    reason = etree.SubElement(fault, f"{{{envelope.namespace}}}Reason")
    said = etree.SubElement(reason, f"{{{envelope.namespace}}}Text")
    said.set("{http://www.w3.org/XML/1998/namespace}lang", "ru")
    said.text = text
    etree.SubElement(fault, f"{{{envelope.namespace}}}Detail")
    return fault
