"""«Обмен с сайтом»: 1C calls a site, takes its orders and tells it what became of them."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
import requests

from sandbox.onec.exchange import Habits, SiteExchange
from tests.sandbox.onec.services.publication import body
from tests.sandbox.onec.services.tiny_site import PASSWORD, USER, TinySite

SAMPLE = body("cml/sale_query_reply_2.08_utf8.xml")
WHOLE_RUN = ["checkauth", "init", "query", "success", "checkauth", "init", "file", "import"]


@pytest.fixture(scope="module")
def running_site():
    with TinySite() as site:
        yield site


@pytest.fixture
def site(running_site):
    running_site.reset()
    running_site.query = SAMPLE
    return running_site


def exchange_with(onec, site, **how):
    return SiteExchange(onec.services.desk, site.url, USER, PASSWORD, **how)


@pytest.fixture
def exchange(ut, site):
    return exchange_with(ut, site)


def the(papers):
    (paper,) = papers
    return paper


def changed(old, new, times=-1):
    return SAMPLE.decode().replace(old, new, times).encode()


def test_an_order_of_the_site_becomes_an_order_and_an_invoice(ut, site, exchange):
    report = exchange.run()
    assert report.ok, report.error
    assert site.modes() == WHOLE_RUN
    order, invoice = the(ut.base.papers.all("order")), the(ut.base.papers.all("invoice"))
    assert (order.sum, order.vat, order.posted) == (Decimal("13028.00"), Decimal("2349.31"), True)
    assert (invoice.sum, invoice.bases[0].ref) == (order.sum, order.ref)
    assert (order.counterparty.inn, order.counterparty.kpp) == ("7701999111", "770101001")
    assert [line.article for line in order.lines] == ["KAB-3x2.5", "ROZ-2Z", "DELIVERY"]
    document = the(site.read[-1])
    assert (document.text("Ид"), document.text("Номер"), document.text("Номер1С")) == ("90210", "90210", order.number)
    assert document.requisites["Проведен"] == "true"
    assert document.requisites["Дата оплаты по 1С"] == "T"


def test_every_configuration_takes_it_and_tells_payment_and_shipment(onec, site):
    exchange = exchange_with(onec, site, version="2.09")
    assert exchange.run().ok
    kind = "order" if onec.base.configuration.role("order") else "invoice"
    sold = the(onec.base.papers.all(kind))
    payment = onec.base.accountant.pay(the(onec.base.papers.all("invoice")).ref)
    shipment = onec.base.accountant.ship(sold.ref)
    assert exchange.run().ok
    document = the(site.read[-1])
    units = [one.text for one in document.element.iterfind(".//{*}НаименованиеКраткое")]
    assert (document.text("Номер1С"), document.text("Сумма"), units) == (sold.number, "13028.00", ["м", "шт", "шт"])
    assert document.requisites["Номер оплаты по 1С"] == payment.number
    assert document.requisites["Номер отгрузки по 1С"] == shipment.number
    assert document.requisites["Статуса заказа ИД"] == "F"


def test_bookkeeping_takes_an_order_as_an_invoice(bp, site):
    assert exchange_with(bp, site).run().ok
    invoice = the(bp.base.papers.all("invoice"))
    assert the(site.read[-1]).text("Номер1С") == invoice.number


def test_nothing_changed_nothing_is_sent(site, exchange):
    exchange.run()
    site.asked.clear()
    report = exchange.run()
    assert report.ok
    assert site.modes() == ["checkauth", "init", "query", "success"]


def test_payment_and_shipment_come_with_number_and_date_and_without_a_sum(ut, site):
    exchange = exchange_with(ut, site, version="2.09")
    exchange.run()
    order = the(ut.base.papers.all("order"))
    ut.base.accountant.pay(order.ref, Decimal(100))
    payment = ut.base.accountant.pay(order.ref, Decimal(200))
    exchange.run()
    told = the(site.read[-1]).requisites
    assert told["Номер оплаты по 1С"] == payment.number
    assert told["Дата оплаты по 1С"] == payment.date.isoformat()
    assert "Номер отгрузки по 1С" not in told
    shipment = ut.base.accountant.ship(order.ref)
    exchange.run()
    told = the(site.read[-1]).requisites
    assert (told["Номер отгрузки по 1С"], told["Статуса заказа ИД"]) == (shipment.number, "F")
    assert "200" not in "".join(value for name, value in told.items() if "оплаты" in name and "Дата" not in name)


def test_a_payment_taken_back_is_told_too(ut, site, exchange):
    exchange.run()
    payment = ut.base.accountant.pay(the(ut.base.papers.all("order")).ref)
    exchange.run()
    assert the(site.read[-1]).requisites["Номер оплаты по 1С"] == payment.number
    ut.base.accountant.unpost(payment.ref)
    exchange.run()
    assert the(site.read[-1]).requisites["Дата оплаты по 1С"] == "T"
    ut.base.accountant.post(payment.ref)
    exchange.run()
    ut.base.remove(payment.set, payment.ref)
    exchange.run()
    assert the(site.read[-1]).requisites["Дата оплаты по 1С"] == "T"


def test_an_order_marked_for_deletion_is_told_as_such(ut, site, exchange):
    exchange.run()
    ut.base.accountant.delete(the(ut.base.papers.all("order")).ref)
    exchange.run()
    document = the(site.read[-1])
    assert (document.text("ПометкаУдаления"), document.requisites["Проведен"]) == ("true", "false")


def test_an_order_sent_again_is_taken_once(ut, site, exchange):
    exchange.run()
    site.query = SAMPLE
    report = exchange.run()
    assert [one.what for one in report.taken] == ["unchanged"]
    assert len(ut.base.papers.all()) == 2


def test_a_changed_order_is_rewritten_with_its_invoice(ut, site, exchange):
    exchange.run()
    site.query = changed("<Сумма>13028.00", "<Сумма>10040.00").decode().replace("2349.31", "1810.49").encode()
    lines = site.query.decode().split("<Товар>")
    site.query = "<Товар>".join([lines[0], lines[1], lines[3]]).encode()
    report = exchange.run()
    assert [one.what for one in report.taken] == ["updated"], report
    order, invoice = the(ut.base.papers.all("order")), the(ut.base.papers.all("invoice"))
    assert (order.sum, invoice.sum, len(order.lines)) == (Decimal("10040.00"), Decimal("10040.00"), 2)
    assert order.posted
    assert invoice.posted


def test_a_discount_within_the_sum_is_taken(ut, site, exchange):
    line = "<Количество>100</Количество>\n    <Сумма>8540.00</Сумма>"
    less = "<Количество>100</Количество>\n    <Сумма>8440.00</Сумма>"
    off = "<Скидки><Скидка><Наименование>Скидка</Наименование><Сумма>100.00</Сумма></Скидка></Скидки>"
    content = changed(line, f"{less}{off}").decode().replace("13028.00", "12928.00")
    site.query = content.replace("1540.00", "1521.97").replace("2349.31", "2331.28").encode()
    report = exchange.run()
    assert report.ok, report.error
    order = the(ut.base.papers.all("order"))
    assert (order.sum, order.lines[0].row["СуммаРучнойСкидки"]) == (Decimal("12928.00"), Decimal("100.00"))


def test_an_order_already_paid_is_kept_as_it_is(ut, site, exchange):
    exchange.run()
    order = the(ut.base.papers.all("order"))
    ut.base.accountant.pay(order.ref)
    site.query = changed("buh@", "new@")
    report = exchange.run()
    assert [(one.what, report.ok) for one in report.taken] == [("kept", True)]
    assert ut.base.papers.of(order.ref).sum == order.sum


def test_an_order_goes_to_work_on_the_site_s_word_even_when_it_is_paid(ut, site, exchange):
    exchange.run()
    order = the(ut.base.papers.all("order"))
    assert (order.record["Статус"], the(site.read[-1]).requisites["Статус заказа"]) == ("КОбеспечению", "К обеспечению")
    ut.base.accountant.pay(order.ref)
    name = "<Наименование>Заказ оплачен</Наименование><Значение>"
    for _ in range(2):
        site.query = changed(f"{name}false", f"{name}true")
        report = exchange.run()
    assert [one.what for one in report.taken] == ["unchanged"]
    order = the(ut.base.papers.all("order"))
    assert (order.record["Статус"], order.posted) == ("КОтгрузке", True)
    assert the(site.read[-1]).requisites["Статус заказа"] == "К отгрузке"


def test_a_change_that_could_not_be_taken_comes_again(ut, site, exchange):
    exchange.run()
    order = the(ut.base.papers.all("order"))
    content = changed("<Ставка>22<", "<Ставка>21<").decode()
    for old, new in (("1540.00", "1482.15"), ("538.82", "518.58"), ("270.49", "260.33")):
        content = content.replace(old, new)
    site.query = content.encode()
    for _ in range(2):
        report = exchange.run()
        assert [one.what for one in report.taken] == ["refused"]
        assert "Ставки НДС 21 в базе нет" in report.error
    assert ut.base.papers.of(order.ref).posted


def test_a_cancelled_order_is_marked_for_deletion(ut, site, exchange):
    exchange.run()
    name = "<Наименование>Отменен</Наименование><Значение>"
    site.query = changed(f"{name}false", f"{name}true")
    report = exchange.run()
    assert [one.what for one in report.taken] == ["cancelled"]
    assert all(paper.deleted for paper in ut.base.papers.all())


def test_an_order_that_cannot_be_taken_is_not_confirmed(ut, site, exchange):
    site.query = changed("7701999111", "7701999112")
    report = exchange.run()
    assert "Заказ 90210: ИНН содержит ошибку" in report.error
    assert "success" not in site.modes()
    assert not ut.base.papers.all()


def test_what_the_site_did_not_confirm_is_sent_again(ut, site, exchange):
    site.refusal = ("import", "failure\nСервис на обслуживании")
    report = exchange.run()
    assert report.error == "import: Сервис на обслуживании"
    assert report.sent == []
    site.refusal = None
    report = exchange.run()
    assert report.sent == ["90210"]
    assert the(site.read[-1]).text("Ид") == "90210"


@pytest.mark.parametrize("mode", ["init", "query", "success", "file"])
def test_a_refusal_is_kept_in_the_words_of_the_site(site, exchange, mode):
    site.refusal = (mode, "failure\nКлючи устарели".encode("cp1251"))
    report = exchange.run()
    assert report.error == f"{mode}: Ключи устарели"


def test_a_wrong_password_and_a_site_that_is_down_are_told(ut, site):
    assert SiteExchange(ut.services.desk, site.url, USER, "no").run().error == "checkauth: Wrong login"
    nobody = SiteExchange(ut.services.desk, "http://127.0.0.1:9/", USER, PASSWORD).run()
    assert nobody.error.startswith("Нет связи с сайтом")
    site.status = 502
    assert exchange_with(ut, site).run().error == "checkauth: сервер вернул код 502"


def test_a_session_id_is_brought_to_every_request(ut, site):
    site.sessid = "454d55adec09b0514952cc637164d041"
    assert exchange_with(ut, site, version="2.09").run().ok
    later = [args for args in site.asked if args["mode"] != "checkauth"]
    assert {args["sessid"] for args in later} == {site.sessid}
    assert {args["version"] for args in later if args["mode"] == "init"} == {"2.09"}


def test_import_is_repeated_while_the_site_is_at_it(site, exchange):
    site.progress = 3
    assert exchange.run().ok
    assert site.modes()[-5:] == ["file", "import", "import", "import", "import"]


@pytest.mark.parametrize("packed", ["yes", "no"])
def test_a_file_goes_in_pieces_of_the_limit(site, exchange, packed):
    site.zip, site.file_limit = packed, 500
    assert exchange.run().ok
    pieces = [args for args in site.asked if args["mode"] == "file"]
    assert len(pieces) > 1
    assert all(args["size"] <= 500 for args in pieces)
    assert {args["filename"].rpartition(".")[2] for args in pieces} == {"zip" if packed == "yes" else "xml"}
    assert the(site.read[-1]).text("Ид") == "90210"


def test_a_1c_that_does_not_pack_sends_plain_files(ut, site):
    site.zip = "yes"
    assert exchange_with(ut, site, habits=Habits(zipped=False, imported=False)).run().ok
    assert [name.rpartition(".")[2] for name in site.files] == ["xml"]
    assert "import" not in site.modes()


@pytest.mark.parametrize("packed", ["yes", "no"])
@pytest.mark.parametrize("mishap", ["chunk_lost", "chunk_twice", "broken_xml"])
def test_a_file_spoiled_on_the_way_is_refused_and_sent_again(site, exchange, mishap, packed):
    site.zip, site.file_limit = packed, 500
    report = exchange.run(frozenset([mishap]))
    assert "не прочитан" in report.error
    assert site.read == []
    assert exchange.run().ok
    assert the(site.read[-1]).text("Ид") == "90210"


def test_a_whole_file_may_come_twice(site, exchange):
    assert exchange.run(frozenset(["file_twice"])).ok
    names = [args["filename"] for args in site.asked if args["mode"] == "import"]
    assert len(names) == 2
    assert len(set(names)) == 1


def test_orders_made_in_1c_are_sent_where_that_is_the_habit(ut, site):
    site.query = None
    ut.invoice()
    order = the(ut.base.papers.all("order"))
    assert exchange_with(ut, site).run().sent == []
    report = exchange_with(ut, site, habits=Habits(own_orders=True)).run()
    assert report.sent == [order.ref]
    assert the(site.read[-1]).text("Номер") == order.number


@pytest.mark.parametrize("version", ["2.05", "2.08", "2.09", "3.1"])
def test_every_version_is_read_by_the_site(ut, site, version):
    habits = Habits(encoding="windows-1251", namespace=version != "2.08")
    assert exchange_with(ut, site, version=version, habits=habits).run().ok
    assert the(site.read[-1]).text("Номер1С") == the(ut.base.papers.all("order")).number


def test_goods_go_first_and_again_only_when_they_changed(ut, site):
    site.zip = "yes"
    exchange = exchange_with(ut, site, habits=Habits(goods=True))
    assert exchange.run().goods == 4
    catalog, offers = site.goods
    assert [one.text("Артикул") for one in catalog][:2] == ["KAB-3x2.5", "ROZ-2Z"]
    assert [one.text("Ид") for one in offers] == [one.text("Ид") for one in catalog]
    assert [args["mode"] for args in site.asked if args["type"] == "catalog"] == [
        "checkauth",
        "init",
        "file",
        "import",
        "file",
        "import",
    ]
    assert exchange.run().goods == 0
    ut.base.write("Catalog_Номенклатура", {"Description": "Новый товар"})
    assert exchange.run().goods == 5


def test_a_newer_module_calls_orders_crm_and_asks_for_statuses(ut, site):
    report = exchange_with(ut, site, version="2.10", habits=Habits(kind="crm", info=True)).run()
    assert report.ok, report.error
    assert report.statuses == {"N": "Принят", "P": "Оплачен", "F": "Выполнен"}
    assert {args["type"] for args in site.asked} == {"crm"}


def test_a_base_restored_from_yesterday_sends_what_it_holds_again(ut, site, exchange):
    exchange.run()
    ut.base.accountant.take_copy()
    ut.base.accountant.pay(the(ut.base.papers.all("order")).ref)
    exchange.run()
    ut.base.accountant.restore()
    assert exchange.run().sent == ["90210"]
    assert the(site.read[-1]).requisites["Дата оплаты по 1С"] == "T"


def ask(onec, site, **more):
    sent = {"url": site.url, "user": USER, "password": PASSWORD, **more}
    return requests.post(f"{onec.url}/_sandbox/exchange", json=sent, timeout=30)


def test_one_exchange_is_asked_for_by_http_and_kept_in_the_log(ut, site):
    told = ask(ut, site, version="3.1").json()
    assert (told["ok"], told["sent"]) == (True, ["90210"])
    assert [step["asked"] for step in told["steps"]] == WHOLE_RUN
    site.refusal = ("query", "failure\nЗаказы заняты")
    ask(ut, site)
    log = requests.get(f"{ut.url}/_sandbox/exchange", timeout=30).json()
    assert [run["error"] for run in log["runs"]] == [None, "query: Заказы заняты"]
    assert PASSWORD not in str(log)


def test_exchanges_of_one_site_remember_what_it_confirmed(ut, site):
    ask(ut, site)
    assert ask(ut, site).json()["sent"] == []


def test_a_wrong_ask_is_named(ut, site):
    answer = ask(ut, site, version="9.9")
    assert answer.status_code == 400
    assert "version" in answer.json()["error"]


def test_a_periodic_exchange_runs_till_it_is_told_to_stop(ut, site):
    ask(ut, site, every=0.02)
    deadline = time.monotonic() + 30
    while site.modes().count("query") < 3:
        assert time.monotonic() < deadline, "the exchange did not come again"
        time.sleep(0.01)
    assert requests.get(f"{ut.url}/_sandbox/exchange", timeout=30).json()["periodic"] == [site.url]
    ask(ut, site, every=0)
    assert requests.get(f"{ut.url}/_sandbox/exchange", timeout=30).json()["periodic"] == []
