"""Public clients written by others work against the portal; nothing of theirs is changed but the address.

fast-bitrix24 takes an http address. b24pysdk, the vendor's own, speaks https only: it gets a front
with a certificate, whose authority it is told through the environment, as `requests` has it.
"""

import asyncio
import warnings

import pytest
import trustme
from b24pysdk import BitrixApp, BitrixToken, BitrixWebhook, Client
from b24pysdk.errors import BitrixAPIError

from tests.sandbox.tls_front import TlsFront

with warnings.catch_warnings():
    # Its decorators use a function that newer Pythons call deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from fast_bitrix24 import BitrixAsync
    from fast_bitrix24.server_response import ErrorInServerResponseException

MANY = 130


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def https(b24, authority, tmp_path, monkeypatch):
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with TlsFront(b24.portal.port, authority) as front:
        yield front


@pytest.fixture
def sdk(https):
    return Client(BitrixWebhook(domain=https.domain, webhook_token="1/sandbox"))


@pytest.fixture
def hook(b24):
    return f"{b24.portal.url}/rest/1/sandbox/"


def fill(b24, count=MANY):
    for start in range(0, count, 50):
        cmd = [f"crm.lead.add?fields[TITLE]=Lead {number}" for number in range(start, min(start + 50, count))]
        b24.call("batch", cmd=cmd)


def test_the_vendors_sdk_creates_reads_changes_and_deletes(sdk):
    number = sdk.crm.deal.add({"TITLE": "Крыша", "OPPORTUNITY": 1000}).result
    assert sdk.crm.deal.get(bitrix_id=number).result["OPPORTUNITY"] == "1000.00"
    assert sdk.crm.deal.update(bitrix_id=number, fields={"STAGE_ID": "PREPARATION"}).result is True
    assert sdk.crm.deal.get(bitrix_id=number).result["STAGE_ID"] == "PREPARATION"
    assert sdk.crm.deal.delete(bitrix_id=number).result is True
    with pytest.raises(BitrixAPIError, match="Not found"):
        assert sdk.crm.deal.get(bitrix_id=number).result


def test_the_vendors_sdk_reads_lists_over_several_pages(b24, sdk):
    fill(b24)
    assert len(sdk.crm.lead.list(select=["ID"]).as_list().result) == MANY
    assert len(list(sdk.crm.lead.list(select=["ID"]).as_list_fast().result)) == MANY
    items = sdk.crm.item.list(entity_type_id=1, select=["id"]).as_list().result
    assert len({item["id"] for item in items}) == MANY


def test_the_vendors_sdk_sends_batches_and_sees_their_errors(sdk):
    number = sdk.crm.lead.add({"TITLE": "Заявка"}).result
    requests = {"one": sdk.crm.lead.get(bitrix_id=number), "none": sdk.crm.lead.get(bitrix_id=999999)}
    answer = sdk.call_batch(requests, halt=False).result
    assert answer.result["one"]["TITLE"] == "Заявка"
    assert answer.result_error["none"]["error_description"] == "Not found"


def test_the_vendors_sdk_works_with_a_token_and_reads_the_applications_methods(b24, https):
    offer = b24.control("oauth", method="GET")
    app = BitrixApp(client_id=offer["client_id"], client_secret=offer["client_secret"])
    token = BitrixToken(domain=https.domain, auth_token=offer["access_token"], bitrix_app=app)
    client = Client(token)
    assert client.profile().result["ADMIN"] is True
    assert (
        token.call_method("event.bind", {"event": "ONCRMLEADADD", "handler": "http://127.0.0.1:9/x"})["result"] is True
    )
    assert [row["event"] for row in token.call_method("event.get")["result"]] == ["ONCRMLEADADD"]


def test_fast_bitrix24_reads_all_by_batches(b24, hook):
    fill(b24)

    async def work():
        client = BitrixAsync(hook, verbose=False)
        leads = await client.get_all("crm.lead.list", {"select": ["ID", "TITLE"]})
        some = await client.get_by_ID("crm.lead.get", [3465, 3466])
        users = await client.get_all("user.get")
        return leads, some, users

    leads, some, users = asyncio.run(work())
    assert len({lead["ID"] for lead in leads}) == MANY
    assert some["3465"]["TITLE"] == "Lead 0"
    assert {user["EMAIL"] for user in users} > {"anna@krovlya.ru", "ivan@krovlya.ru", "rop@krovlya.ru"}


def test_fast_bitrix24_creates_many_and_sees_errors(b24, hook):
    async def work():
        client = BitrixAsync(hook, verbose=False)
        fields = [
            {"fields": {"NAME": f"Иван {number}", "PHONE": [{"VALUE": f"+7999000{number:04}"}]}} for number in range(60)
        ]
        numbers = await client.call("crm.contact.add", fields)
        with pytest.raises(ErrorInServerResponseException, match="Not found"):
            await client.get_by_ID("crm.contact.get", [999999])
        return numbers

    numbers = asyncio.run(work())
    assert len(set(numbers)) == 60
    found = b24.call("crm.duplicate.findbycomm", type="PHONE", values=["8 999 000 00 59"])["CONTACT"]
    assert len(found) == 1
    assert found[0] in numbers
