"""`provodka onec probe`: what a base lacks, named for its administrator, before anything is started."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli.main  # noqa: F401 -- mounts the commands
from cli.app import app
from cli.check import check
from sandbox.onec import OneC

CONFIG = """\
client: Кровля
journal: {{url: "sqlite:///journal.sqlite"}}
accounting:
  type: odata
  url: {url}/base
  user: sandbox
  password: "{password}"
  profile: {profile}
  organization: {{inn: "{inn}"}}
"""
INVOICE = "Document_СчетНаОплатуПокупателю"


@pytest.fixture(scope="module")
def running() -> Iterator[OneC]:
    with OneC() as onec:
        yield onec


@pytest.fixture
def onec(running: OneC) -> OneC:
    running.reset()
    return running


@pytest.fixture
def config(tmp_path: Path, onec: OneC):
    def write(profile: str = "bp", inn: str = "7801999002", password: str = "sandbox", tail: str = "") -> Path:
        path = tmp_path / "config.yaml"
        text = CONFIG.format(url=onec.url, profile=profile, inn=inn, password=password)
        path.write_text(text + tail, encoding="utf-8")
        return path

    return write


def probe(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["onec", "probe", *map(str, words)], env={"COLUMNS": "300"})
    return result.exit_code, result.output


@pytest.mark.parametrize("configuration", ["bp", "ut", "unf", "erp"])
def test_the_profile_that_fits_is_found_without_being_told(onec, configuration):
    onec.use(configuration)

    code, told = probe("--url", f"{onec.url}/base", "--user", "sandbox", "--password", "sandbox")

    assert code == 0
    assert f"the profile {configuration} fits" in told


def test_ten_things_that_are_unpublished_or_misnamed_are_all_ten_named(onec, config):
    unpublished = (
        "Catalog_Банки",
        "Document_ПоступлениеНаРасчетныйСчет",
        f"{INVOICE}.СуммаДокумента",
        f"{INVOICE}.Товары.Содержание",
        "Catalog_Контрагенты.КонтактнаяИнформация",
    )
    renamed = {
        "Catalog_Номенклатура": "Catalog_НоменклатураТоваров",
        "Catalog_Контрагенты.ИНН": "ИННКонтрагента",
        f"{INVOICE}.Товары.Количество": "КоличествоМест",
        "Document_РеализацияТоваровУслуг.СчетНаОплатуПокупателю": "СчетПокупателю",
        "Document_РеализацияТоваровУслуг.Товары": "ТоварыОтгрузки",
    }
    onec.turn(unpublish=unpublished, rename=renamed)

    code, told = probe("--config", config())

    assert code == 1
    assert "10 problems with the profile bp" in told
    for name in (
        "not published: Catalog_Банки",
        "not published: Document_ПоступлениеНаРасчетныйСчет",
        f"no attribute СуммаДокумента in {INVOICE}",
        f"no attribute Содержание in {INVOICE}.Товары",
        "no tabular section КонтактнаяИнформация in Catalog_Контрагенты",
        "not published: Catalog_Номенклатура",
        "no attribute ИНН in Catalog_Контрагенты",
        f"no attribute Количество in {INVOICE}.Товары",
        "no attribute СчетНаОплатуПокупателю in Document_РеализацияТоваровУслуг",
        "no tabular section Товары in Document_РеализацияТоваровУслуг",
    ):
        assert name in told
    for near in (
        "accounting.overrides: product.set: Catalog_НоменклатураТоваров",
        "accounting.overrides: counterparty.inn: ИННКонтрагента",
        "accounting.overrides: documents.invoice.lines.quantity: КоличествоМест",
        "accounting.overrides: documents.shipment.bases[0].attributes[0]: СчетПокупателю",
        "accounting.overrides: documents.shipment.lines.rows[0]: ТоварыОтгрузки",
    ):
        assert near in told


def test_what_the_probe_says_to_write_makes_the_profile_fit(onec, config):
    onec.turn(rename={"Catalog_Контрагенты.ИНН": "ИННКонтрагента", INVOICE: "Document_СчетПокупателю"})
    tail = """\
  overrides:
    counterparty: {inn: ИННКонтрагента}
    documents: {invoice: {set: Document_СчетПокупателю}}
"""

    code, told = probe("--config", config(tail=tail))

    assert code == 0, told


def test_a_value_of_an_enumeration_that_the_base_has_not_is_named(config):
    tail = '  overrides: {vat: {values: {"22": НДС_22}}}\n'

    code, told = probe("--config", config(tail=tail))

    assert code == 1
    assert "no value НДС_22 in СтавкиНДС" in told
    assert "vat.values.22: НДС22" in told


def test_an_empty_composition_is_told_from_a_base_that_is_not_published(onec, config):
    onec.turn(unpublish=("*",))
    code, empty = probe("--config", config())
    onec.turn(unpublish=(), published=False)
    other, absent = probe("--config", config())

    assert (code, other) == (1, 1)
    assert "состав пуст" in empty
    assert "Catalog_Контрагенты" in empty
    assert "Публиковать стандартный интерфейс OData" in absent


def test_an_organization_that_is_not_in_the_base_is_named(config):
    code, told = probe("--config", config(inn="7707083893"))

    assert code == 1
    assert "В 1С нет организации с ИНН 7707083893" in told


def test_another_profile_that_fits_better_is_named(config):
    code, told = probe("--config", config(profile="ut"))

    assert code == 1
    assert "the profile bp fits better than ut" in told


def test_a_wrong_password_is_a_problem_and_wrong_usage_another(onec, config, tmp_path):
    code, told = probe("--config", config(password="no"))
    without = tmp_path / "without.yaml"
    without.write_text("client: Кровля\n", encoding="utf-8")

    assert code == 1
    assert "логин или пароль" in told
    assert probe("--config", without)[0] == 2
    assert probe("--url", "http://1c.example.test/base", "--user", "u")[0] == 2
    assert probe("--url", f"{onec.url}/base", "--user", "u", "--profile", "buh")[0] == 2


def test_json_has_every_problem_with_its_place_in_the_profile(onec, config):
    onec.turn(unpublish=("Catalog_Банки",))

    code, told = probe("--config", config(), "--json")

    found = json.loads(told)
    [problem] = [one for one in found["problems"] if one["needed"]]
    assert code == 1
    assert (problem["name"], problem["profile"]) == ("Catalog_Банки", "accounts.banks")
    assert found["fits"]["bp"] > 0.9


def test_check_online_asks_accounting_too(onec, config, capsys):
    from rich.console import Console

    onec.turn(unpublish=("Catalog_Банки",))

    code = check(config(), Console(soft_wrap=True, width=400), online=True, create=False, as_json=False)

    told = capsys.readouterr().out
    assert code == 1
    assert "accounting.profile  not published: Catalog_Банки" in told
