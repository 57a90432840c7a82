"""`provodka check` of sign-in at a provider: mistakes by their place, and what the provider itself says."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from cli.check import check
from sandbox.openid import CLIENT_ID, SECRET, OpenId

CONFIG = """\
client: Кровля
SERVER
crm: {type: amocrm, url: "https://krovlya.amocrm.ru", token: x}
console:
  openid:
    issuer: ISSUER
    client_id: CLIENT
    client_secret: "SECRET"
    roles: ROLES
    MORE
rules: []
"""
RIGHT = {
    "SERVER": 'server: {public_url: "https://hooks.krovlya.ru"}',
    "ISSUER": "https://id.krovlya.ru",
    "CLIENT": CLIENT_ID,
    "SECRET": SECRET,
    "ROLES": "{view: [olga@krovlya.ru]}",
    "MORE": "title: Войти",
}


def checked(folder: Path, *, online: bool = False, **changed: str) -> tuple[int, str]:
    text = CONFIG
    for name, value in {**RIGHT, **changed}.items():
        text = text.replace(name, value)
    path = folder / "config.yaml"
    path.write_text(text, "utf-8")
    out = io.StringIO()
    code = check(path, Console(file=out, width=300), online=online, create=False, as_json=False)
    return code, out.getvalue()


def test_a_config_with_a_provider_is_right(tmp_path: Path) -> None:
    assert checked(tmp_path)[0] == 0


@pytest.mark.parametrize(
    ("changed", "place", "words"),
    [
        ({"SERVER": ""}, "config.yaml:5:3", "console.openid  nobody could come back from the provider"),
        ({"ISSUER": "http://id.krovlya.ru"}, "config.yaml:6:13", "a provider without https"),
        ({"ISSUER": "id.krovlya.ru"}, "config.yaml:6:13", "no address of a provider (write https://id.example.ru)"),
        (
            {"ISSUER": "https://id.krovlya.ru/.well-known/openid-configuration"},
            "config.yaml:6:13",
            "(write https://id.krovlya.ru)",
        ),
        ({"ROLES": "{view: []}"}, "config.yaml:9:19", "a role that nobody has (name somebody, or leave the role out)"),
        ({"ROLES": "{}"}, "config.yaml:9:12", "nobody could sign in (name somebody: view, operate or administer)"),
        ({"ROLES": "{view: [a@b.ru], operate: [support]}"}, "config.yaml:9:39", "(add claim: groups)"),
        ({"ROLES": "{veiw: [a@b.ru]}"}, "config.yaml:9:", 'unknown key "veiw" (did you mean "view"?)'),
        ({"MORE": "isuer: x\n  language: de"}, "config.yaml:11:13", 'wrong value "de"; allowed: ru, en'),
        ({"MORE": "isuer: x"}, "config.yaml:10:5", 'unknown key "isuer"'),
        ({"MORE": "max_age: 8d"}, "config.yaml:10:14", "no age of a sign-in (write up to 7d: 12h)"),
        ({"MORE": "max_age: 0s"}, "config.yaml:10:14", "no age of a sign-in (write up to 7d: 12h)"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_cure(
    tmp_path: Path, changed: dict[str, str], place: str, words: str
) -> None:
    code, told = checked(tmp_path, **changed)
    assert code == 2
    assert place in told
    assert words in told


@pytest.fixture
def provider() -> Iterator[OpenId]:
    with OpenId() as provider:
        yield provider


def asked(folder: Path, provider: OpenId, **changed: str) -> str:
    """What the provider says; the CRM of the config is not there, and says so."""
    text = checked(folder, online=True, ISSUER=provider.url, **changed)[1]
    return "\n".join(line for line in text.splitlines() if "console.openid" in line)


def without_crm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.cli.test_check_openid.CONFIG", CONFIG.replace(CONFIG.splitlines()[2] + "\n", ""))


def test_a_provider_that_knows_us_says_nothing(
    tmp_path: Path, provider: OpenId, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_crm(monkeypatch)
    code, told = checked(tmp_path, online=True, ISSUER=provider.url)
    assert (code, "config.yaml is right" in told) == (0, True), told


def test_a_provider_tells_what_would_keep_people_out(
    tmp_path: Path, provider: OpenId, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_crm(monkeypatch)
    assert "client_secret  the provider does not know us" in asked(tmp_path, provider, SECRET="wrong")
    assert "warning: " in asked(tmp_path, provider, MORE="claim: roles")
    provider.twist.metadata = {"issuer": "https://other.example"}
    assert "Впишите в console.openid.issuer адрес" in asked(tmp_path, provider)
    provider.twist.metadata = {"code_challenge_methods_supported": ["plain"]}
    assert "knows no PKCE" in asked(tmp_path, provider)
    provider.stop()
    told = asked(tmp_path, provider)
    assert "config.yaml:5:13  console.openid.issuer  no connection to 127.0.0.1" in told
    assert "Проверьте console.openid.issuer" in told
