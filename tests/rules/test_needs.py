"""Which names of the CRM a config uses."""

from __future__ import annotations

from provodka.crm import Need
from rules.actions import REGISTRY
from rules.needs import needs
from rules.schema import Staff
from tests.rules.world import make_rule


def test_every_name_of_the_crm_is_found_with_its_place() -> None:
    rules = [
        make_rule(
            {"intake": {"title": "x", "pipeline": "Кровля", "stage": "Новый лид", "fields": {"Площадь": "1"}}},
            {"task": {"text": "x", "due": "1h", "type": "Звонок"}},
        ),
        make_rule(
            {"move": {"stage": "В работе"}},
            on="lead.created",
            name="вторая",
            when={"lead.stage": ["Новый лид", "Горячие"], "lead.pipeline": {"not": "Кровля"}},
        ),
    ]
    used = {used.path: used.need for used in needs(rules, REGISTRY, {"anna": Staff(crm="anna@krovlya.ru")})}
    assert used == {
        ("staff", "anna", "crm"): Need("user", "anna@krovlya.ru"),
        ("rules", 0, "do", 0, "intake", "pipeline"): Need("pipeline", "Кровля"),
        ("rules", 0, "do", 0, "intake", "stage"): Need("stage", "Новый лид", "Кровля"),
        ("rules", 0, "do", 0, "intake", "fields", "Площадь"): Need("field", "Площадь"),
        ("rules", 0, "do", 1, "task", "type"): Need("task_type", "Звонок"),
        ("rules", 1, "do", 0, "move", "stage"): Need("stage", "В работе"),
        ("rules", 1, "when", "lead.stage"): Need("stage", "Горячие", "Кровля"),
        ("rules", 1, "when", "lead.pipeline", "not"): Need("pipeline", "Кровля"),
    }
