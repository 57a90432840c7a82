"""Profiles and metadata: names are data, wrong ones are told with their place and the nearest right one."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.check import check
from connectors.onec.odata.metadata import read_edmx, reference
from connectors.onec.odata.naming import Choice
from connectors.onec.odata.needs import needs
from connectors.onec.odata.profiles import NAMES, merged, read_profile
from provodka.accounting import DocumentKind
from provodka.errors import Rejected, Retryable
from provodka.settings import Mistakes

EDMX = (Path(__file__).parents[3] / "sandbox/onec/bodies/metadata_bp_subset.edmx.xml").read_bytes()
INVOICE = "Document_СчетНаОплатуПокупателю"
CONFIG = """\
client: Кровля
accounting:
  type: odata
  url: https://1c.example.test/base
  user: Обмен
  profile: bp
  organization: {inn: "7801999002"}
"""


def checked(tmp_path: Path, tail: str, capsys: pytest.CaptureFixture[str]) -> str:
    from rich.console import Console

    path = tmp_path / "config.yaml"
    path.write_text(CONFIG + tail, encoding="utf-8")
    code = check(path, Console(soft_wrap=True, width=400), online=False, create=False, as_json=False)
    assert code == 2
    return capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_that_comes_along_is_whole(name):
    profile = read_profile(name)

    assert profile.title
    assert {DocumentKind.INVOICE, DocumentKind.PAYMENT, DocumentKind.SHIPMENT} <= {
        one.kind for one in profile.documents.values()
    }
    assert {need.set for need in needs(profile)} == profile.sets()


def test_a_client_overrides_one_name_and_keeps_the_rest():
    profile = read_profile("bp", {"documents": {"invoice": {"lines": {"text": "Наименование"}}, "card": None}})

    assert profile.documents["invoice"].lines.text == "Наименование"
    assert profile.documents["invoice"].lines.price == "Цена"
    assert "card" not in profile.documents


def test_lists_are_replaced_and_null_takes_away():
    assert merged({"a": [1, 2], "b": {"c": 1, "d": 2}}, {"a": [3], "b": {"c": None}}) == {"a": [3], "b": {"d": 2}}


def test_a_wrong_key_in_the_config_is_told_at_its_place(tmp_path, capsys):
    told = checked(tmp_path, "  overrides:\n    documents:\n      invoice: {amont: Сумма}\n", capsys)

    assert 'config.yaml:10:17  accounting.overrides.documents.invoice.amont  unknown key "amont"' in told
    assert 'did you mean "amount"?' in told


def test_a_wrong_name_in_a_file_is_told_with_the_files_place(tmp_path, capsys):
    (tmp_path / "own.yaml").write_text("vat:\n  values:\n    '22': НДС22\n    '21': НДС21\n", encoding="utf-8")

    told = checked(tmp_path, "  overrides: own.yaml\n", capsys)

    assert "own.yaml:4:5" in told
    assert "21" in told


def test_a_file_that_is_not_there_is_a_mistake_of_the_config(tmp_path, capsys):
    assert "cannot read the file" in checked(tmp_path, "  overrides: nowhere.yaml\n", capsys)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"counterparty": {"set": "Контрагенты"}}, "no set of OData"),
        ({"counterparty": {"inn": "И Н Н"}}, "no name of an attribute"),
        ({"order": "before"}, "no document of kind order"),
        ({"documents": {"bank": {"bases": [{"attributes": ["Счет"], "rows": "Части"}]}}}, "rows and amount"),
        ([], "a mapping"),
    ],
)
def test_a_profile_that_cannot_work_is_refused(overrides, words):
    with pytest.raises(Mistakes, match=words):
        read_profile("bp", overrides or "") if overrides else read_profile("bp", [1])


def test_metadata_tell_what_an_attribute_is_called_and_of_which_kind():
    schema = read_edmx(EDMX, {INVOICE, "Catalog_БанковскиеСчета", "Catalog_НетТакого"}, {"СтавкиНДС"})

    assert set(schema.sets) == {INVOICE, "Catalog_БанковскиеСчета"}
    assert schema.property(INVOICE, "Контрагент") == "Контрагент_Key"
    assert schema.composite("Catalog_БанковскиеСчета", "Owner")
    assert schema.composite(INVOICE, "Номенклатура", "Товары")
    assert schema.enums["СтавкиНДС"][0] == "НДС22"
    assert schema.set_to(INVOICE, "НетТакого?", 1) == {}
    assert schema.set_to("Catalog_БанковскиеСчета", "Owner", "ref", of="Catalog_Контрагенты") == {
        "Owner": "ref",
        "Owner_Type": "StandardODATA.Catalog_Контрагенты",
    }
    with pytest.raises(Rejected) as raised:
        schema.set_to(INVOICE, "НетТакого", 1, "Товары")
    assert f"{INVOICE}.Товары.НетТакого" in raised.value.hint


def test_metadata_that_break_off_are_read_again():
    with pytest.raises(Retryable):
        read_edmx(EDMX[: len(EDMX) // 2], {INVOICE}, set())


@pytest.mark.parametrize(
    ("row", "ref"),
    [
        ({"Заказ_Key": "00000000-0000-0000-0000-000000000000"}, ""),
        ({"Заказ": "", "Заказ_Type": "StandardODATA.Undefined"}, ""),
        ({"Заказ_Key": "7c9e1a40-6a32-11f0-9a01-00155d0a0b01"}, "7c9e1a40-6a32-11f0-9a01-00155d0a0b01"),
        ({"Заказ": "7c9e1a40-6a32-11f0-9a01-00155d0a0b01"}, "7c9e1a40-6a32-11f0-9a01-00155d0a0b01"),
        ({"Заказ": "заказ по телефону", "Заказ_Type": "Edm.String"}, ""),
        ({}, ""),
    ],
)
def test_a_reference_is_read_in_whatever_form_it_comes(row, ref):
    assert reference(row, "Заказ?") == ref


def test_metadata_are_fetched_once_and_then_kept(world):
    world.invoice()
    again = world.open()
    world.do("create_counterparties", world.asked().buyer, account=again)

    assert sum(count for call, count in world.calls()["calls"].items() if "$metadata" in call) == 1


def test_a_choice_of_the_profile_names_a_value_for_each_kind_of_buyer():
    for name in NAMES:
        kind = read_profile(name).counterparty.kind
        assert isinstance(kind, Choice)
        assert len(kind.values) == 3
