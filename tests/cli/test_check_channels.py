"""Mistakes in the settings of forms, mail, tables, pages and payments are named with their place and cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.config import parse, warnings

CONFIG = """\
client: Кровля
channels:
  sheet: CHANNEL
rules:
  - name: Новая сделка
    on: lead.created
    do: [STEP]
"""
NOTE = "{note: {text: x}}"
SITE = "{type: marquiz, secret: s}"
PAGE = "{type: page, title: Т, fields: [{label: Имя, means: name}]}"
PARTNERS = "{type: partner, title: П, fields: [{label: Имя, means: name}], partners: {romashka: {title: Р}}}"


def told(tmp_path: Path, channel: str, step: str = NOTE) -> list[str]:
    """Each mistake as `line path text (hint)`."""
    parsed = parse(written(tmp_path, channel, step), {})
    return [f"{one.line} {one.path} {one.text} ({one.hint})" for one in parsed.problems]


def written(tmp_path: Path, channel: str, step: str = NOTE) -> Path:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG.replace("CHANNEL", channel).replace("STEP", step), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("channel", "place", "cure"),
    [
        ("{type: imap, provider: yandx, user: i@k.ru, password: p}", "provider", '"yandex"'),
        ("{type: smtp, provider: gmai, user: i@k.ru, password: p}", "provider", '"gmail"'),
        ("{type: google_sheets, spreadsheet: 1abc}", "sheet.spreadsheet", "the address of a Google table"),
        ('{type: table_file, path: /t, url: "https://x.ru/a.csv"}', "sheet", "set path"),
        ("{type: import, map: {phne: Телефон}}", "map.phne", '"phone"'),
        ("{type: marquiz, secret: s, double_withn: 5m}", "double_withn", '"double_within"'),
        (PAGE.replace("means: name", "means: nme"), "fields[0].means", '"name"'),
        ('{type: yookassa, shop_id: "1", key: k, receipt: {taxation: ons, vat: none}}', "receipt.taxation", '"osn"'),
    ],
)
def test_a_wrong_setting_of_a_channel_is_named_with_its_place_and_cure(
    tmp_path: Path, channel: str, place: str, cure: str
) -> None:
    found = [line for line in told(tmp_path, channel) if place in line]
    assert len(found) == 1
    assert found[0].startswith("3 ")
    assert cure in found[0]


@pytest.mark.parametrize(
    ("channel", "step", "cure"),
    [
        (SITE, "{payment_link: {by: sheet, purpose: П}}", "add one: robokassa, yookassa or tbank"),
        (SITE, "{message: {by: sheet, text: x}}", "add a channel that can"),
        (SITE, "{log_letter: {participants: offr}}", '"offer"'),
        (PAGE, "{note: {text: '{{ pages.sheet }}'}}", "set server.public_url"),
        (PAGE, "{note: {text: '{{ pages.shet }}'}}", '"sheet"'),
    ],
)
def test_a_step_that_asks_a_channel_for_what_it_has_not_names_what_to_do(
    tmp_path: Path, channel: str, step: str, cure: str
) -> None:
    found = [line for line in told(tmp_path, channel, step) if cure in line]
    assert len(found) == 1
    assert found[0].startswith("7 ")


@pytest.mark.parametrize("channel", [PAGE, PARTNERS])
def test_a_page_that_nobody_outside_can_open_is_warned_of(tmp_path: Path, channel: str) -> None:
    parsed = parse(written(tmp_path, channel), {})
    assert not parsed.problems
    (warning,) = warnings(parsed)
    assert (warning.line, warning.hint) == (3, "set server.public_url, the address of the proxy")
    assert "/f/sheet" in warning.text


def test_partners_with_one_secret_are_named_both_with_the_cure(tmp_path: Path) -> None:
    both = "partners: {a: {title: А, secret: x1y2}, b: {title: Б}, c: {title: В, secret: x1y2}}"
    (found,) = told(tmp_path, PARTNERS.replace("partners: {romashka: {title: Р}}", both))
    assert found.startswith("3 channels.sheet.partners.c.secret partners.a.secret is the same")
    assert "give a and c a secret each" in found
    assert "x1y2" not in found
