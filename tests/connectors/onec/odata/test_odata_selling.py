"""A sale over OData against the emulated base, in every configuration."""

from __future__ import annotations

from decimal import Decimal

from provodka.accounting import OrderRequest
from provodka.invoices import SaleState
from provodka.operation import Done
from tests.connectors.onec.odata.conftest import every_configuration


@every_configuration
def test_a_sale_goes_from_its_invoice_to_its_shipment(world):
    asked, done = world.invoice()

    assert isinstance(done, Done), done.hint
    events = world.poll()
    sale = world.sale()
    assert events[:3] == ["invoice.requested", "counterparty.ready", "invoice.issued"]
    assert (sale.state, sale.amount, sale.vat_amount) == (SaleState.ISSUED, Decimal("13028.00"), Decimal("2349.31"))
    assert [line.amount for line in sale.lines] == [line.amount for line in asked.lines]
    assert [line.sku for line in sale.lines] == ["KAB-3x2.5", "ROZ-2Z", "DELIVERY"]

    world.accountant.pay(sale.ref, Decimal(3028))
    assert world.poll() == ["invoice.partly_paid"]
    world.accountant.pay(sale.ref)
    assert world.poll() == ["invoice.paid"]
    assert world.sale().paid == Decimal("13028.00")

    if world.onec.base.configuration.name != "bp":
        ordered = world.do("create_orders", OrderRequest("amocrm:lead:17:order:1", "17:1"))
        assert isinstance(ordered, Done), ordered.hint
        assert world.poll() == ["order.created"]
    world.accountant.ship(sale.ref)
    assert world.poll() == ["order.shipped"]
    assert world.sale().state is SaleState.SHIPPED
    assert world.poll(full=True) == []
