"""What-if at its limits: a config that runs wild is named, and nobody else notices."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from cli.config import read
from cli.house import House
from cli.trial import fenced
from provodka.errors import JournalUnavailableError
from provodka.fence import LINE, Bound, ClosedError, Fence, Limits
from provodka.journal import Journal
from rules.differences import Changed, Difference, What
from support.trial import Beyond, Outcome, Tell, Trial, dump_outcome
from support.whatif_tally import Span, Told, ToldEvent, Totals
from tests.cli.past import RULES, Client, real
from tests.cli.playing import Clock
from tests.webhooks.console.desk import Desk
from tests.webhooks.console.month import Serve, after_a_month
from tests.webhooks.console.trying import CHANGED, UNFENCED, config, over, tried
from webhooks.console.settings import ConsoleSettings, Role

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_a_config_that_runs_wild_ends_at_its_limit_and_hinders_nobody(
    tmp_path: Path, journal: Journal, clock: Clock
) -> None:
    fence = Fence(Limits(60, 512 * 1024 * 1024, step=0.4, nice=0))
    with after_a_month(tmp_path, journal, clock, fence=fence) as (client, desk):
        visitor = desk.sign_in(Role.OPERATE)
        wild = RULES.replace("utm.source: yandex", "form.comment: {matches: '^(.*.*.*.*.*.*)*z$'}")
        visitor.post("/what-if", "/rules", text=config(client, wild), days="30")
        assert visitor.session.get(f"{desk.url.removesuffix('/console')}/readyz", timeout=30).ok
        page = over(visitor)
        assert "одно событие заняло больше 0,4 с процессорного времени. Это случилось в правиле «Заявка»." in page
        assert "повтор стоит внутри повтора" in page
        assert "name: Заявка" in page, "the text is there to be mended"
        assert f"/console/events/{real('f1')}" in visitor.get("/what-if").text


def test_a_template_that_takes_all_memory_is_told_with_its_rule(standing: tuple[Client, Desk]) -> None:
    client, desk = standing
    bomb = RULES.replace("text: Перезвонить", "text: \"{{ 'x' * 1000000000000000000 }}\"")  # no machine has as much
    visitor = desk.sign_in(Role.OPERATE)
    page = tried(visitor, config(client, bomb))
    assert "ему не хватило 512 МБ памяти. Это случилось в правиле «Звонок»" in page
    assert "поднимите console.what_if.memory" in page
    assert f"/console/events/{real('c1')}" in visitor.get("/what-if").text


def test_long_letters_of_many_events_are_an_answer_that_passes_the_fence() -> None:
    letter = {"text": "Здравствуйте! " * 1_000, "html": "Здравствуйте! " * 1_000}
    changed = tuple(Changed(name, text, text) for name, text in letter.items())
    many = (Difference(What.CHANGED, "Письмо", "send_letter", letter, letter, changed),) * 5
    event = ToldEvent("1", "form.submitted", NOW, many, ())
    told = Told(Span(NOW, NOW), Totals(30, 0, 30, 0, 0, {}), (), (event,) * 30, 0)
    assert len(json.dumps({"outcome": dump_outcome(Outcome(told=told))})) < LINE


def test_a_journal_that_is_away_is_no_fault_of_the_config(serve: Serve) -> None:
    client, _ = serve()
    running = replace(read(client.config()), journal_url="sqlite:////nowhere/journal.sqlite")
    trial = Trial(config(client, CHANGED), 7, client.clock(), 10, 10)
    with pytest.raises(JournalUnavailableError, match="unable to open"):
        fenced(running, UNFENCED, trial, lambda done, total: None)


def test_limits_within_which_no_config_could_be_read_are_mistakes() -> None:
    for wrong, words in (({"memory": "64MB"}, "128MB at least"), ({"time": "500ms"}, "1s at least")):
        with pytest.raises(ValidationError) as raised:
            ConsoleSettings.model_validate({"what_if": wrong})
        mistakes = raised.value.errors()[0]["ctx"]["error"]
        assert [words in one.hint for one in mistakes.findings] == [True]


def test_each_limit_is_told_with_what_to_do(serve: Serve) -> None:
    limits = {
        Beyond(Bound.TIME, 300): "заняло больше 5 мин процессорного времени и прервано. Сравните за 7 дней",
        Beyond(Bound.CLOCK, 3000): "шло дольше 50 мин и прервано: машина занята",
        Beyond(Bound.STEP, 60, reading=True): "чтение конфига заняло больше 1 мин процессорного времени. Ищите шаблон",
    }
    met = iter(limits)
    _, desk = serve(try_config=lambda trial, tell: Outcome(beyond=next(met)))
    visitor = desk.sign_in(Role.OPERATE)
    for words in limits.values():
        assert words in tried(visitor, "client: А")


def test_the_end_of_the_product_is_the_end_of_a_comparison(serve: Serve) -> None:
    client, _ = serve()
    house = House(read(client.config(f"{RULES}console: {{what_if: {{time: 2m, memory: 256MB}}}}\n")))
    assert house.fence.limits == Limits(120, 256 * 1024 * 1024)
    ended: list[Exception] = []

    def compare() -> None:
        try:
            for _ in house.fence.said("tests.provodka.fenced", b"sleep"):
                began.set()
        except ClosedError as error:
            ended.append(error)

    began = threading.Event()
    thread = threading.Thread(target=compare)
    thread.start()
    assert began.wait(30)
    house.close()
    thread.join(30)
    assert len(ended) == 1

    def closed(trial: Trial, tell: Tell) -> Outcome:
        raise ended[0]

    _, desk = serve(try_config=closed)
    assert "Сравнение остановлено" in tried(desk.sign_in(Role.OPERATE), "client: А")
