"""Client libraries that others published work against the account as they come: only the address is ours.

amocrm-api speaks to `https://<subdomain>.amocrm.ru` alone: the test maps that name to a TLS door before the account.
aioamocrm takes an address.
"""

import asyncio
from datetime import datetime
from urllib.parse import urlencode

import pytest
from aioamocrm import (
    AmoCRMClient,
    AuthError,
    Contact,
    ForbiddenError,
    Lead,
    LongLivedToken,
    Note,
    NotFoundError,
    OAuth2,
    RateLimitError,
    Task,
    ValidationError,
    parse_webhook,
)

from sandbox.amocrm import AmoCrm, Limit
from tests.sandbox.amocrm_client import ANNA, MAIN, NEW, TALKS
from tests.sandbox.tls_front import TlsFront, make_certificate, map_host

HOST = "krovlya.amocrm.ru"
PHONE = [{"field_code": "PHONE", "values": [{"value": "+79000000001", "enum_code": "MOB"}]}]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"), HOST)


@pytest.fixture
def entry(api):
    """What the owner of an integration holds: client, code, tokens."""
    return api.control("oauth", method="GET")


class TestAmocrmApi:
    """amocrm-api 2.6.1 (`amocrm.v2`), the Python client most used."""

    pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning")

    @pytest.fixture
    def v2(self, crm, entry, certificate, monkeypatch):
        from amocrm import v2
        from amocrm.v2 import interaction, tokens

        front = TlsFront(certificate, crm.port)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        map_host(monkeypatch, HOST, front.port)
        known = (entry["client_id"], entry["client_secret"], "krovlya", entry["redirect_uri"])
        tokens.default_token_manager(*known, storage=tokens.MemoryTokensStorage())
        tokens.default_token_manager.init(code=entry["code"])
        yield v2
        interaction._session.close()
        front.close()

    def test_it_enters_with_a_code_once(self, v2, entry):
        from amocrm.v2 import tokens

        with pytest.raises(Exception, match="Authorization code has been revoked"):
            tokens.default_token_manager.init(code=entry["code"])
        assert tokens.default_token_manager.get_access_token()

    def test_it_makes_changes_and_reads_a_lead_with_its_contact_company_tags_notes_and_tasks(self, v2, api):
        lead = v2.Lead.objects.create(name="Крыша", price=5000, pipeline_id=MAIN, status_id=NEW)
        contact = v2.Contact.objects.create(name="Иван Петров", custom_fields_values=PHONE)
        api.post(f"/leads/{lead.id}/link", [{"to_entity_id": contact.id, "to_entity_type": "contacts"}])
        lead = v2.Lead.objects.get(lead.id)
        assert (lead.name, lead.price, lead.status.name, lead.pipeline.name) == ("Крыша", 5000, "Новый лид", "Кровля")
        lead.name = "Крыша 2"
        lead.status = "Переговоры"
        lead.tags.append("срочно")
        lead.save()
        lead.notes(text="Ждёт счёт").save()
        lead.tasks.add(v2.Task(text="Позвонить", task_type_id=1, complete_till=datetime(2026, 1, 12)))
        again = v2.Lead.objects.get(lead.id)
        assert (again.name, again.status.id, [tag.name for tag in again.tags]) == ("Крыша 2", TALKS, ["срочно"])
        assert [note.text for note in again.notes.objects.all()] == ["Ждёт счёт"]
        assert [task.text for task in again.tasks] == ["Позвонить"]
        assert [one.name for one in again.contacts] == ["Иван Петров"]

    def test_its_custom_fields_are_set_and_read(self, v2):
        class Deal(v2.Lead):
            comment = v2.custom_field.TextCustomField("Комментарий")
            origin = v2.custom_field.SelectCustomField("Источник")

        made = Deal.objects.create(name="x")
        deal = Deal.objects.get(made.id)
        deal.comment, deal.origin = "Звонить вечером", "Почта"
        deal.save()
        again = Deal.objects.get(made.id)
        assert (again.comment, again.origin.value) == ("Звонить вечером", "Почта")

    def test_its_search_and_lists_walk_over_all_pages(self, v2, api):
        for _ in range(2):
            api.add("/leads", *({"name": f"Заявка {number}"} for number in range(150)))
        assert len({lead.id for lead in v2.Lead.objects.all()}) == 300
        assert len(list(v2.Lead.objects.filter(query="Заявка 149"))) == 2
        assert list(v2.Contact.objects.filter(query="nobody")) == []

    def test_its_errors_are_those_of_the_account(self, v2, api):
        from amocrm.v2 import exceptions

        with pytest.raises(exceptions.NotFound):
            v2.Lead.objects.get(5)
        with pytest.raises(exceptions.ValidationError, match="NotSupportedChoice"):
            v2.Lead.objects.create(name="x", status_id=5)
        api.control("oauth/expire")
        with pytest.raises(exceptions.UnAuthorizedException):
            v2.Lead.objects.get(5)

    def test_its_pipelines_users_tags_and_events_are_read(self, v2, api):
        assert [row.name for row in v2.Pipeline.objects.all()] == ["Кровля", "Сервис"]
        assert len(list(v2.User.objects.all())) == 4
        v2.Tag.leads.create(name="опт")
        assert [tag.name for tag in v2.Tag.leads.all()] == ["опт"]
        api.add("/leads", {})
        assert [event.type for event in v2.Event.objects.all()] == ["lead_added"]


class TestAioamocrm:
    """aioamocrm 0.1.1, the newest: asynchronous, with models of what the API answers."""

    def run(self, crm, work, auth=None):
        async def inside():
            known = auth or LongLivedToken("sandbox")
            async with AmoCRMClient(auth=known, base_url=crm.url, rate_limit=None) as amo:
                return await work(amo)

        return asyncio.run(inside())

    def test_it_trades_a_code_and_renews_what_is_over(self, crm, api, entry):
        auth = OAuth2(entry["client_id"], entry["client_secret"], entry["redirect_uri"])

        async def work(amo):
            await amo.exchange_code(entry["code"])
            await asyncio.to_thread(api.control, "oauth/expire")
            account = await amo.account.get()
            await asyncio.to_thread(api.control, "oauth/revoke")
            with pytest.raises(AuthError):
                await amo.account.get()
            return account

        assert self.run(crm, work, auth).subdomain == "krovlya"

    def test_its_models_fit_what_the_account_answers(self, crm):
        async def work(amo):
            (lead,) = await amo.leads.create([Lead(name="Крыша", price=5000)])
            (contact,) = await amo.contacts.create([Contact.model_validate({"name": "Иван"})])
            await amo.leads.link(lead.id, "contacts", contact.id)
            await amo.leads.update([Lead(id=lead.id, price=7000)])
            await amo.leads.notes.create([Note.common(lead.id, "Ждёт счёт")])
            wish = {"text": "Позвонить", "complete_till": 1767225600, "entity_id": lead.id, "entity_type": "leads"}
            (task,) = await amo.tasks.create([Task.model_validate(wish)])
            await amo.tasks.complete(task.id, result="Дозвонились")
            shown = await amo.leads.get(lead.id, with_=["contacts"])
            links = await amo.leads.links(lead.id)
            notes = [note async for note in amo.leads.notes.iterate()]
            done = await amo.tasks.get(task.id)
            fields = [field.code async for field in amo.contacts.custom_fields.iterate()]
            return shown, links, notes, done, fields, await amo.pipelines.list()

        shown, links, notes, done, fields, pipelines = self.run(crm, work)
        assert (shown.price, len(links), len(notes), done.is_completed) == (7000, 1, 1, True)
        assert {"PHONE", "EMAIL"} <= set(fields)
        assert [row.name for row in pipelines] == ["Кровля", "Сервис"]

    def test_it_walks_over_pages_by_their_links(self, crm, api):
        api.add("/leads", *({"name": f"Заявка {number}"} for number in range(120)))

        async def work(amo):
            return [lead.id async for lead in amo.leads.iterate(limit=50, order={"id": "desc"})]

        ids = self.run(crm, work)
        assert len(ids) == 120
        assert ids == sorted(ids, reverse=True)

    def test_a_lead_comes_whole_with_its_contact_and_company(self, crm):
        async def work(amo):
            contact = {"name": "Иван", "custom_fields_values": PHONE}
            lead = {"name": "Крыша", "_embedded": {"contacts": [contact], "companies": [{"name": "ООО"}]}}
            return await amo.leads.create_complex([lead])

        (made,) = self.run(crm, work)
        assert made.id
        assert made.contact_id
        assert made.company_id

    def test_its_errors_name_what_the_account_refused(self, crm, api):
        crm.store.users[ANNA].rights = {"leads": {"view": "D"}}
        (lead,) = api.add("/leads", {})
        anna = api.control("oauth?user=anna@krovlya.ru", method="GET")["access_token"]

        async def refused(amo):
            with pytest.raises(ForbiddenError):
                await amo.leads.get(lead)

        async def work(amo):
            with pytest.raises(NotFoundError):
                await amo.leads.get(5)
            with pytest.raises(ValidationError) as caught:
                await amo.leads.create([{"name": "x"}, {"name": "y", "status_id": 5}])
            return caught.value.errors

        self.run(crm, refused, LongLivedToken(anna))
        (issue,) = self.run(crm, work)
        assert (issue.request_id, issue.path, issue.code) == ("1", "status_id", "NotSupportedChoice")

    def test_it_meets_the_limit_and_then_the_closed_door(self):
        async def work(amo):
            answers = []
            for _ in range(40):
                try:
                    await amo.request("POST", "leads", json=[{"name": "x"}])
                except (RateLimitError, ForbiddenError) as error:
                    answers.append(type(error))
            return answers

        with AmoCrm(limit=Limit(per_second=1, ban_after=3)) as crm:
            answers = self.run(crm, work)
        assert answers[:3] == [RateLimitError] * 3
        assert set(answers[3:]) == {ForbiddenError}

    def test_its_parser_reads_the_webhooks(self, crm, api, receiver):
        api.post("/webhooks", {"destination": f"{receiver.url}/hook", "settings": ["add_lead"]})
        (lead,) = api.add("/leads", {"name": "Крыша"})
        (form,) = receiver.wait(1)
        hook = parse_webhook(urlencode(form))
        (event,) = hook.events
        assert (event.entity, event.action, event.payload["id"]) == ("leads", "add", str(lead))
