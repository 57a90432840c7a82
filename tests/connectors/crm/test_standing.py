"""How leads stand, by the mirror alone."""

from __future__ import annotations

from connectors.crm.standing import MirrorStanding
from provodka.crm import LeadState, Pipeline, Stage
from tests.connectors.crm.test_callers import OPEN, WON, Mirror, Staff

LOST = 143


class Stages(Staff):
    """Also with a stage for the lost."""

    def pipelines(self) -> tuple[Pipeline, ...]:
        (kept,) = super().pipelines()
        return (Pipeline("5", "Кровля", (*kept.stages, Stage(str(LOST), "Отказ", LeadState.LOST))),)


def test_a_lead_stands_as_the_mirror_has_it_and_one_that_it_does_not_have_is_absent() -> None:
    mirror = Mirror(names=Stages())
    for one, stage in (("1", OPEN), ("2", WON), ("3", LOST)):
        mirror.lead(one, "4", 1, stage)
    states = MirrorStanding("amocrm", mirror.store).states(["1", "2", "3", "404"])
    assert states == {"1": LeadState.OPEN, "2": LeadState.WON, "3": LeadState.LOST}
    assert MirrorStanding("amocrm", mirror.store).states([]) == {}
    assert MirrorStanding("bitrix24", mirror.store).states(["1"]) == {}
