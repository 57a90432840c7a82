"""A first config that a client can start with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from cli import config, rule_tests
from cli.first_channel import TO_FILL_IN
from cli.init import Given, ask, init, mail_server, read_staff, read_url
from connectors.registry import CHANNELS
from provodka.errors import ConfigError
from provodka.secret_names import is_secret_name
from tests.cli.playing import Seen

STAFF = ("anna@krovlya.ru 101", "no@krovlya.ru, 102", "rop@krovlya.ru 103 1234567", "anna@other.ru")


def default(_question: str, proposed: str) -> str:
    return proposed


def environment(folder: Path) -> dict[str, str]:
    """Every variable of the example, filled in."""
    names = re.findall(r"^(\w+)=$", (folder / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    return {name: "1:filled-in" if name == "TELEGRAM_TOKEN" else "filled-in" for name in names}


@pytest.mark.parametrize("channels", ["form", "tilda", "imap", "mango", "tilda, form, imap, mango"])
@pytest.mark.parametrize("staff", [(), STAFF[:1], STAFF])
@pytest.mark.parametrize("telegram", [True, False])
def test_the_produced_config_passes_check_and_its_own_tests(
    tmp_path: Path, seen: Seen, channels: str, staff: tuple[str, ...], telegram: bool
) -> None:
    file = tmp_path / "config.yaml"
    given = Given(client='Кровля "Плюс": #1 ${НЕТ}', channels=channels, staff=staff, telegram=telegram)
    assert init(file, given, seen.view(), question=default) == 0
    read = config.read(file, environment(tmp_path))
    assert read.client == 'Кровля "Плюс": #1 ${НЕТ}'
    assert set(re.findall(r"\w+", channels)) <= {channel.type for channel in read.channels.values()}
    assert rule_tests.run(read, seen.view()) == 0
    assert "0 failed" in seen.text


@pytest.mark.parametrize("kind", CHANNELS)
def test_a_channel_of_every_kind_passes_check_and_tells_what_is_to_be_filled_in(
    tmp_path: Path, seen: Seen, kind: str
) -> None:
    file = tmp_path / "config.yaml"
    assert init(file, Given(channels=kind, telegram=False, staff=STAFF), seen.view(), question=default) == 0
    text = file.read_text(encoding="utf-8")
    if kind == "meta":  # what only a person may accept
        with pytest.raises(ConfigError, match=r"accept_legal_risk: true"):
            config.read(file, environment(tmp_path))
        assert "accept_legal_risk" in seen.text
        text = text.replace("accept_legal_risk: false", "accept_legal_risk: true")
        file.write_text(text, encoding="utf-8")
    read = config.read(file, environment(tmp_path))
    assert [channel.type for channel in read.channels.values()] == [kind]
    assert rule_tests.run(read, seen.view()) == 0
    (settings,) = yaml.safe_load(text)["channels"].values()
    for name in type(next(iter(read.channels.values()))).model_fields:
        if is_secret_name(name) and isinstance(settings.get(name), str):
            assert settings[name].startswith("${"), f"{name} stands in the config itself"
    if TO_FILL_IN in text.split("channels:")[1].split("rules:")[0].replace("Проверьте или впишите", ""):
        assert f"still to be filled in: channels.{kind}: " in seen.text


def test_the_plain_settings_of_a_channel_are_asked_for_and_its_secrets_are_not(tmp_path: Path, seen: Seen) -> None:
    said = {"avito, user_id": "555", "avito, client_id": 'a"b: ${x}'}
    asked: list[str] = []

    def answer(question: str, proposed: str) -> str:
        asked.append(question)
        return said.get(question, proposed)

    given = Given("Окна", "Europe/Moscow", "okna", "avito", staff=(), telegram=False)
    assert init(tmp_path / "config.yaml", given, seen.view(), question=answer) == 0
    assert asked == list(said)
    channel = config.read(tmp_path / "config.yaml", environment(tmp_path)).channels["avito"]
    assert (channel.user_id, channel.client_id) == (555, 'a"b: ${x}')
    assert "still to be filled in" not in seen.text
    assert "AVITO_CLIENT_SECRET" in seen.text


def test_an_answer_that_does_not_fit_its_setting_writes_nothing(tmp_path: Path, seen: Seen) -> None:
    given = Given("Окна", "Europe/Moscow", "okna", "avito", staff=(), telegram=False)
    assert init(tmp_path / "config.yaml", given, seen.view(), question=lambda q, p: "сто" if "user" in q else p) == 2
    assert "avito: user_id: " in seen.error
    assert list(tmp_path.iterdir()) == []


def test_every_variable_of_the_config_is_in_the_example_with_a_sentence(tmp_path: Path, seen: Seen) -> None:
    file = tmp_path / "config.yaml"
    given = Given(channels="tilda form imap mango", telegram=True)
    assert init(file, given, seen.view(), question=default) == 0
    used = set(re.findall(r"\$\{(\w+)\}", re.sub(r"#.*", "", file.read_text(encoding="utf-8"))))
    assert used == set(environment(tmp_path))
    example = (tmp_path / ".env.example").read_text(encoding="utf-8")
    for name in used:
        assert re.search(rf"^# .+\.\n{name}=$", example, re.MULTILINE), f"no sentence on {name}"
    for name in used:
        assert name in seen.text


def test_no_secret_can_stand_in_the_config_itself(tmp_path: Path, seen: Seen) -> None:
    file = tmp_path / "config.yaml"
    init(file, Given(channels="tilda form imap mango", telegram=True), seen.view(), question=default)
    parsed = yaml.safe_load(file.read_text(encoding="utf-8"))
    sections = [parsed["crm"], *parsed["channels"].values()]
    for name in ("token", "secret", "password", "api_key", "salt"):
        assert all(section.get(name, "${").startswith("${") for section in sections)


def test_the_staff_gets_keys_that_rules_can_use(tmp_path: Path, seen: Seen) -> None:
    file = tmp_path / "config.yaml"
    given = Given(channels="form", staff=STAFF, telegram=True)
    assert init(file, given, seen.view(), question=default) == 0
    read = config.read(file, environment(tmp_path))
    assert list(read.staff) == ["anna", "staff_no", "rop", "anna_2"]
    assert read.staff["rop"].telegram == 1234567
    assert read.alerts.to == ("rop",)


def test_nothing_is_overwritten_without_force(tmp_path: Path, seen: Seen) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("mine", encoding="utf-8")
    assert init(file, Given(), seen.view(), question=default) == 2
    assert "exist already" in seen.error
    assert "--force" in seen.error
    assert file.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / ".env.example").exists()
    assert init(file, Given(), seen.view(), question=default, force=True) == 0
    assert file.read_text(encoding="utf-8") != "mine"


def test_a_dry_run_prints_both_files_and_writes_none(tmp_path: Path, seen: Seen) -> None:
    file = tmp_path / "new" / "config.yaml"
    assert init(file, Given(client="Окна"), seen.view(), question=default, dry_run=True) == 0
    seen.has('client: "Окна"', "AMOCRM_TOKEN=")
    assert not file.parent.exists()


def test_what_is_not_given_is_asked_for_with_a_default_and_staff_until_an_empty_line() -> None:
    said = {"Client": "Окна", "Address of amoCRM": "okna", "Channels": "imap", "Mailbox": "info@yandex.ru"}
    lines = iter(["anna@okna.ru 101", ""])
    asked: list[str] = []

    def answer(question: str, proposed: str) -> str:
        asked.append(question)
        if question.startswith("Login"):
            return next(lines)
        return next((text for begin, text in said.items() if question.startswith(begin)), proposed)

    answers = ask(Given(timezone="Asia/Yekaterinburg"), answer)
    assert (answers.client, answers.timezone, answers.channels) == ("Окна", "Asia/Yekaterinburg", ("imap",))
    assert answers.crm_url == "https://okna.amocrm.ru"
    assert answers.mail_server == "yandex"
    assert [member.login for member in answers.staff] == ["anna@okna.ru"]
    assert not any("zone" in question for question in asked)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (Given(client="  "), "client: nothing is said"),
        (Given(timezone="Europe/Moskow"), 'did you mean "Europe/Moscow"'),
        (Given(crm_url="http://krovlya.amocrm.ru"), "use https://"),
        (Given(channels="tidla"), 'did you mean "tilda"'),
        (Given(channels=" "), "name at least one"),
        (Given(staff=["anna@krovlya.ru сто"]), "is not a login"),
    ],
)
def test_an_unclear_answer_ends_with_2_and_writes_nothing(tmp_path: Path, seen: Seen, given: Given, words: str) -> None:
    assert init(tmp_path / "config.yaml", given, seen.view(), question=default) == 2
    assert words in seen.error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("written", ["krovlya", "krovlya.amocrm.ru", " https://krovlya.amocrm.ru/ "])
def test_the_address_of_the_crm_may_be_short(written: str) -> None:
    assert read_url(written) == "https://krovlya.amocrm.ru"


def test_the_mail_provider_or_server_is_guessed_by_the_address() -> None:
    assert mail_server("info@gmail.com") == "gmail"
    assert mail_server("info@krovlya.ru") == "imap.krovlya.ru"


def test_a_mailbox_of_a_known_provider_needs_no_host(tmp_path: Path, seen: Seen) -> None:
    file = tmp_path / "config.yaml"
    assert init(file, Given(channels="imap", mailbox="info@bk.ru"), seen.view(), question=default) == 0
    assert "provider: mailru" in file.read_text(encoding="utf-8")
    assert config.read(file, environment(tmp_path)).channels["mail"].host == "imap.mail.ru"


def test_a_login_that_is_no_plain_key_gets_one() -> None:
    keys = [member.key for member in read_staff(["Пётр@krovlya.ru", "keep@krovlya.ru", "7@krovlya.ru"])]
    assert keys == ["staff", "staff_keep", "staff_7"]
