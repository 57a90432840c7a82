"""Signatures, by published examples: what is signed, in which order, and which bytes count."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import pytest

from connectors.robokassa.channel import receiver
from connectors.robokassa.link import link
from connectors.robokassa.settings import RobokassaSettings
from connectors.robokassa.signature import signed
from connectors.tbank.token import token_of
from provodka.channel import Delivery, RefusedError
from tests.connectors.payments.bench import REQUEST, placed
from tests.contract.case import NOW, around

SHOP = RobokassaSettings.model_validate(
    {"login": "romashka", "password1": "rk-example-password-1", "password2": "rk-example-password-2"}
)
RESULT = (
    b"OutSum=12500.500000&InvId=1047&Fee=&EMail=maria%40example.ru&SignatureValue=BE2B23D76F346E3502694530585DAF37"
    b"&PaymentMethod=BankCard&IncCurrLabel=BankCardPSR&Shp_source=tilda&Shp_deal=17"
)


def test_the_sum_is_signed_as_it_was_written_and_own_fields_by_their_names() -> None:
    shp = [("Shp_source", "tilda"), ("Shp_deal", "17")]
    assert signed("md5", "12500.500000", "1047", "rk-example-password-2", shp=shp).upper() in RESULT.decode()
    assert signed("sha256", "990.00", "1048", "rk-example-password-2") == (
        "ced16cdcd5258fe9ffeafae729688fd55f7fce3846915b0c2053d15dc7456eac"
    )


def test_a_link_is_signed_with_the_first_password() -> None:
    extra = {"Shp_source": "tilda", "Shp_deal": 17, "OutSum": "1.00", "SignatureValue": "x"}
    url = link(SHOP, placed(around(), "robokassa:romashka"), replace(REQUEST, extra=extra))
    fields = dict(parse_qsl(urlsplit(url).query))
    assert fields["SignatureValue"] == "7243075fa15ed6f31f7cc54fad8b5f53"  # that of the published example
    assert (fields["OutSum"], fields["InvId"]) == ("12500.50", "1047")


def test_a_receipt_is_signed_escaped_and_escaped_once_more_in_the_link() -> None:
    shop = RobokassaSettings.model_validate({**SHOP.model_dump(), "receipt": {"taxation": "osn", "vat": "22"}})
    asked = replace(REQUEST, expires=NOW + timedelta(days=1))
    fields = parse_qs(urlsplit(link(shop, placed(around(), "robokassa:romashka"), asked)).query)
    [receipt] = fields["Receipt"]
    assert '"sum":12500.5,"tax":"vat22","payment_method":"full_prepayment"' in unquote(receipt)
    assert fields["SignatureValue"] == [signed("md5", "romashka", "12500.50", "1047", receipt, "rk-example-password-1")]
    assert fields["ExpirationDate"] == ["2026-03-03T12:04:00+03:00"]


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("is_trial", [False, True])
def test_trial_notices_are_known_by_the_trial_pair(algorithm: str, is_trial: bool) -> None:
    trial = {"test_password1": "t1", "test_password2": "t2", "algorithm": algorithm}
    channel = receiver("pay", RobokassaSettings.model_validate({**SHOP.model_dump(), **trial}), around())
    flag = "&IsTest=1" if is_trial else ""
    right, wrong = ("t2", "rk-example-password-2") if is_trial else ("rk-example-password-2", "t2")
    for password, is_right in ((right, True), (wrong, False)):
        body = f"OutSum=10&InvId=5&SignatureValue={signed(algorithm, '10', '5', password)}{flag}".encode()
        delivery = Delivery("POST", "", {}, {}, body, NOW)
        if is_right:
            assert channel.receive(delivery, lambda _: ()).reply.body == b"OK5"
        else:
            with pytest.raises(RefusedError):
                channel.receive(delivery, lambda _: ())


def test_a_changed_sum_is_refused_though_it_is_the_same_number() -> None:
    channel = receiver("pay", SHOP, around())
    changed = RESULT.replace(b"12500.500000", b"12500.50")
    with pytest.raises(RefusedError):
        channel.receive(Delivery("POST", "", {}, {}, changed, NOW), lambda _: ())
    [event] = channel.receive(Delivery("POST", "", {}, {}, RESULT, NOW), lambda _: ()).events
    assert event.person.emails == ("maria@example.ru",)


def test_the_token_covers_plain_members_by_their_names() -> None:
    told = {
        "TerminalKey": "1700000000001DEMO",
        "OrderId": "1047",
        "Success": True,
        "Status": "CONFIRMED",
        "PaymentId": 4100010470,
        "ErrorCode": "0",
        "Amount": 1250050,
        "CardId": 10452089,
        "Pan": "220000******0017",
        "ExpDate": "1130",
        "Data": {"deal": "17"},
        "Token": "anything",
    }
    expected = "de06e46b0a0f2763e2ccc589d9bed45f49a0abe565839643b61fea7a2a3f21ac"
    assert token_of(told, "tb-example-password") == expected
    assert token_of({**told, "Amount": 1250051}, "tb-example-password") != expected
