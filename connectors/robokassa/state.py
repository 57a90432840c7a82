"""How an order stands, asked of Robokassa (OpStateExt, XML): the net below ResultURL. Trial payments are not known to
it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from lxml import etree

from connectors.http import Http, Limit, Timeouts
from connectors.payments.book import PaymentBook
from connectors.payments.money import sum_of
from connectors.payments.notice import PaymentNotice, Told
from connectors.payments.orders import Order
from connectors.robokassa.settings import RobokassaSettings
from connectors.robokassa.signature import signed
from connectors.robokassa.ways import way_of
from provodka.channel import Intake, UnreadableError
from provodka.errors import AuthFailed, ConnectorError, Rejected, Retryable
from provodka.stores import Pace

WRONG_KEY: Final = (
    "Robokassa не приняла подпись: проверьте login, password2 и algorithm — они в кабинете, «Технические настройки»."
)
NO_SHOP: Final = "Robokassa не знает такого магазина или он не активирован: проверьте login в кабинете."
UNKNOWN, FINE, WRONG_SIGNATURE, NO_SUCH_SHOP = "3", "0", "1", "2"
PAID, REFUNDED, CANCELLED = frozenset({"100"}), frozenset({"60"}), frozenset({"10"})
_PROBE: Final = "2147483647"  # an InvId that no order has


class StateService:
    """Asks for an order; one that Robokassa does not know was never opened."""

    def __init__(self, settings: RobokassaSettings, book: PaymentBook, pace: Pace) -> None:
        self._settings = settings
        self._book = book
        limit = Limit.of_second(f"robokassa:{settings.login}", settings.per_second)
        timeouts = Timeouts(settings.connect_timeout, settings.read_timeout)
        self._http = Http(settings.api_url, limit, pace, timeouts=timeouts)

    def ask(self, order: Order, intake: Intake) -> None:
        """What has become of it, as notices. Raises ConnectorError."""
        found = None if self._settings.test else self._state(str(order.number))
        notices = list(self._notices(order, found)) if found is not None else []
        if notices:
            self._book.accept(notices, intake, self._book.orders.now())

    def check(self) -> list[str]:
        """Whether login, password and algorithm are right."""
        try:
            self._state(_PROBE)
        except ConnectorError as error:
            return [error.sentence("Robokassa")]
        return []

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _state(self, number: str) -> Any:  # noqa: ANN401 -- lxml has no types
        """The answer's root; None for an order that is not known."""
        settings = self._settings
        values = (settings.login, number, settings.password2.get_secret_value())
        query = {
            "MerchantLogin": settings.login,
            "InvoiceID": number,
            "Signature": signed(settings.algorithm, *values),
        }
        reply = self._http.call("GET", "/OpStateExt", params=query, plain=True)
        root = _root(reply.body)
        code = _word(root, "Result", "Code")
        if code == WRONG_SIGNATURE:
            raise AuthFailed("the signature is wrong", hint=WRONG_KEY, code=code)
        if code == NO_SUCH_SHOP:
            raise Rejected("there is no such shop", hint=NO_SHOP, code=code)
        if code == UNKNOWN:
            return None
        if code != FINE:
            raise Retryable(f"Robokassa answers with code {code or 'none'}", code=code)
        return root

    def _notices(self, order: Order, root: Any) -> Iterator[PaymentNotice]:  # noqa: ANN401
        state = _word(root, "State", "Code")
        try:
            amount = sum_of(_word(root, "Info", "OutSum"))
        except UnreadableError:
            amount = Decimal(0)
        about: dict[str, Any] = {
            "payment": f"robokassa-{order.number}",
            "order": str(order.number),
            "amount": amount,
            "way": way_of(_word(root, "Info", "PaymentMethod", "Code"), _word(root, "Info", "IncCurrLabel")),
            "at": self._book.orders.now(),
        }
        if state in PAID:
            yield PaymentNotice(id="paid", told=Told.PAID, **about)
        elif state in REFUNDED:
            yield PaymentNotice(id="refunded", told=Told.REFUNDED, refunded=amount or order.asked, **about)
        elif state in CANCELLED:
            yield PaymentNotice(id="failed", told=Told.FAILED, reason="оплата отменена или не поступила", **about)


def _root(body: bytes) -> Any:  # noqa: ANN401 -- lxml has no types
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        return etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise Retryable("the answer of Robokassa is no XML") from error


def _word(root: Any, *way: str) -> str:  # noqa: ANN401 -- lxml has no types
    node = root
    for name in way:
        node = next((one for one in node.iterchildren(etree.Element) if etree.QName(one).localname == name), None)
        if node is None:
            return ""
    return (node.text or "").strip()
