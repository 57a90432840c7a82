"""The WSDL that the publication makes of the XDTO package: document/literal wrapped, for SOAP 1.1 and 1.2."""

from __future__ import annotations

from lxml import etree

from sandbox.onec.xdto import NAMESPACE, OPERATIONS, TYPES, Property

SERVICE = "CRMExchange"

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_XS = "http://www.w3.org/2001/XMLSchema"
_BINDINGS: dict[str, str] = {
    "soapbind": "http://schemas.xmlsoap.org/wsdl/soap/",
    "soap12bind": "http://schemas.xmlsoap.org/wsdl/soap12/",
}
_PORTS = {"soapbind": "Soap", "soap12bind": "Soap12"}
_POLICY = {
    "wsp": "http://schemas.xmlsoap.org/ws/2004/09/policy",
    "wsu": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
}


def wsdl(location: str) -> bytes:
    """The whole document; `location` is what the publication believes its own address to be."""
    names: dict[str | None, str] = {None: _WSDL, "tns": NAMESPACE, "xsd": _XS, "xsd1": NAMESPACE}
    names.update((prefix, space) for prefix, space in {**_BINDINGS, **_POLICY}.items())
    root = etree.Element(f"{{{_WSDL}}}definitions", nsmap=names, name=SERVICE, targetNamespace=NAMESPACE)
    _types(_add(root, "types"))
    for name in OPERATIONS:
        for way, element in (("Request", name), ("Response", f"{name}Response")):
            message = _add(root, "message", name=f"{name}{way}Message")
            _add(message, "part", name="parameters", element=f"tns:{element}")
    port_type = _add(root, "portType", name=f"{SERVICE}PortType")
    for name in OPERATIONS:
        operation = _add(port_type, "operation", name=name)
        _add(operation, "input", message=f"tns:{name}RequestMessage")
        _add(operation, "output", message=f"tns:{name}ResponseMessage")
    for prefix in _BINDINGS:
        _binding(root, prefix)
    service = _add(root, "service", name=SERVICE)
    for prefix, suffix in _PORTS.items():
        port = _add(service, "port", name=f"{SERVICE}{suffix}", binding=f"tns:{SERVICE}{suffix}Binding")
        if prefix == "soapbind":
            _claim(port)
        etree.SubElement(port, f"{{{_BINDINGS[prefix]}}}address", location=location)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _types(parent: etree._Element) -> None:
    names = {"xs": _XS, "xs1": NAMESPACE, "tns": NAMESPACE}
    form = {"attributeFormDefault": "unqualified", "elementFormDefault": "qualified"}
    schema = etree.SubElement(parent, f"{{{_XS}}}schema", nsmap=names, targetNamespace=NAMESPACE, **form)
    for name, properties in TYPES.items():
        _sequence(_xs(schema, "complexType", name=name), properties)
    for name, operation in OPERATIONS.items():
        _sequence(_xs(_xs(schema, "element", name=name), "complexType"), operation.parameters)
        answer = _xs(_xs(schema, "element", name=f"{name}Response"), "complexType")
        _sequence(answer, (Property("return", operation.returns),))


def _sequence(complex_type: etree._Element, properties: tuple[Property, ...]) -> None:
    sequence = _xs(complex_type, "sequence")
    for one in properties:
        element = _xs(sequence, "element", name=one.name, type=f"{'tns' if one.type in TYPES else 'xs'}:{one.type}")
        if one.nillable:
            element.set("nillable", "true")
        if one.optional or one.many:
            element.set("minOccurs", "0")
        if one.many:
            element.set("maxOccurs", "unbounded")


def _binding(root: etree._Element, prefix: str) -> None:
    space = _BINDINGS[prefix]
    binding = _add(root, "binding", name=f"{SERVICE}{_PORTS[prefix]}Binding", type=f"tns:{SERVICE}PortType")
    transport = "http://schemas.xmlsoap.org/soap/http"
    etree.SubElement(binding, f"{{{space}}}binding", style="document", transport=transport)
    for name in OPERATIONS:
        operation = _add(binding, "operation", name=name)
        action = f"{NAMESPACE}#{SERVICE}:{name}"
        etree.SubElement(operation, f"{{{space}}}operation", style="document", soapAction=action)
        for way in ("input", "output"):
            etree.SubElement(_add(operation, way), f"{{{space}}}body", use="literal")


def _claim(port: etree._Element) -> None:
    space = "http://ws-i.org/schemas/conformanceClaim/"
    profile = "http://ws-i.org/profiles/basic/1.1"
    etree.SubElement(_add(port, "documentation"), f"{{{space}}}Claim", nsmap={"wsi": space}, conformsTo=profile)


def _add(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_WSDL}}}{tag}", **attributes)


def _xs(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_XS}}}{tag}", **attributes)
