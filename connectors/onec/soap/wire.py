"""What zeep does for us: requests into XML by the WSDL, answers out of it. Import lazily: it brings zeep and lxml."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final

from lxml import etree
from zeep import Client, Settings
from zeep.exceptions import Error as ZeepError
from zeep.helpers import serialize_object

from provodka.errors import Rejected

_FIELDS: Final = "Сервис 1С ждёт других полей. Администратору 1С: сверьте пакет XDTO с описанием в руководстве."
_BAD_WSDL: Final = "WSDL сервиса не читается. Администратору 1С: опубликуйте веб-сервис заново."

_NAMED: Final = "Впишите в accounting.{what} одно из имён, которые есть в WSDL: {there}, или уберите его."


class UnreadableError(Exception):
    """An answer that is no whole XML, or not that of the operation."""


class Envelopes:
    """The operations of one port of a WSDL. Nothing is sent or fetched here."""

    def __init__(self, wsdl: bytes, service: str = "", port: str = "") -> None:
        """Without names the first service and port; Rejected for a WSDL that cannot be used."""
        settings = Settings(strict=False, xml_huge_tree=True)
        try:
            self._client: Any = Client(BytesIO(wsdl), transport=_Nowhere(), settings=settings)  # type: ignore[no-untyped-call]
        except (ZeepError, etree.XMLSyntaxError, ValueError, AttributeError) as error:
            raise Rejected(f"the WSDL cannot be used: {_first_line(error)}", hint=_BAD_WSDL) from error
        ports = _chosen("service", service, self._client.wsdl.services).ports
        self._binding = _chosen("port", port, ports).binding
        self.operations = frozenset(self._binding.all())

    def write(self, operation: str, values: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
        """The envelope of a call and its headers. Rejected where the values do not fit the WSDL."""
        try:
            root, headers = self._binding._create(operation, (), dict(values), client=self._client)
        except (ZeepError, TypeError, ValueError) as error:
            raise Rejected(f"{operation}: {_first_line(error)}", hint=_FIELDS) from error
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8"), dict(headers)

    def read(self, operation: str, body: bytes) -> object:
        """The result in plain values. An answer is read strictly: half of one must not pass for a whole."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, huge_tree=True)
        try:
            root = etree.fromstring(body, parser)
            return serialize_object(self._binding.get(operation).process_reply(root), dict)  # type: ignore[no-untyped-call]
        except (ZeepError, etree.XMLSyntaxError, TypeError, ValueError, AttributeError) as error:
            raise UnreadableError(_first_line(error)) from error


class _Nowhere:
    """1C writes a WSDL in one piece: whatever it points to is not fetched."""

    def load(self, url: str) -> bytes:
        raise ValueError(f"the WSDL refers to {url}")


def _chosen(what: str, name: str, offered: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- zeep's own, without types
    """The one of that name, without a name the first. Rejected where there is none."""
    if not offered:
        raise Rejected(f"the WSDL has no {what}", hint=_BAD_WSDL)
    if name and name not in offered:
        there = ", ".join(offered)
        raise Rejected(f"the WSDL has no {what} {name}, it has {there}", hint=_NAMED.format(what=what, there=there))
    return offered[name or next(iter(offered))]


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).strip().splitlines()[0]
