"""A base kept over restarts, and the whole of it again after a restored copy."""

from decimal import Decimal

import pytest

from sandbox.onec import OneC
from sandbox.onec.base import Base
from sandbox.onec.state_file import StateFile
from tests.sandbox.onec.onec_client import Api
from tests.sandbox.onec.test_accountant import CONFIGURATIONS, issued


def kept(path, work):
    """Run the work on a base followed by its file; returns the base."""
    base = Base("bp")
    following = StateFile(base, path)
    following.start()
    work(base)
    following.stop()
    return base


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_everything_is_there_after_a_restart(tmp_path, configuration):
    def work(base):
        base.use(configuration)
        invoice = issued(base)
        base.accountant.pay(invoice.ref, Decimal("0.01"))
        base.bind("b24:deal:1", invoice.set, invoice.ref)
        spare = base.write("Catalog_Контрагенты", {"Description": "Лишний"})
        base.remove("Catalog_Контрагенты", spare["Ref_Key"])
        base.accountant.close_period(base.now().date())

    first = kept(tmp_path / "onec.db", work)
    second = kept(tmp_path / "onec.db", lambda _: None)
    assert second.configuration.name == configuration
    assert second.state == first.state
    assert second.papers.all() == first.papers.all()
    assert second.changes(0) == first.changes(0)


def test_a_restored_copy_is_kept_too(tmp_path):
    def work(base):
        base.accountant.take_copy()
        issued(base)
        base.accountant.restore()

    first = kept(tmp_path / "onec.db", work)
    second = kept(tmp_path / "onec.db", lambda base: issued(base))
    assert first.papers.all() == []
    assert [paper.number for paper in second.papers.all()] == ["00БП-000001"]


def test_the_emulator_goes_on_from_its_file(tmp_path):
    with OneC("ut", tmp_path / "onec.db") as first:
        api = Api(first)
        ref = api.counterparty()["Ref_Key"]
        api.session.close()
    with OneC("bp", tmp_path / "onec.db") as second:
        api = Api(second)
        assert api.control("stats")["configuration"] == "ut"
        assert api.control("counterparties")[0]["ref"] == ref
        api.control("reset", {})
        assert api.control("stats")["configuration"] == "bp"
        api.session.close()
