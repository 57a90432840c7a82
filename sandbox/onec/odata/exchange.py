"""SelectChanges and NotifyChangesReceived: the packets of an exchange plan's node, out of the change register."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sandbox.onec.base import Base
from sandbox.onec.odata import atom
from sandbox.onec.odata.errors import ODataError, no_instance
from sandbox.onec.odata.options import Options
from sandbox.onec.odata.published import Interface
from sandbox.onec.odata.shape import address
from sandbox.onec.odata.values import record_out
from sandbox.onec.schema import NAMESPACE

PLAN = "ExchangePlan_ОбменСCRM"
_POINT = re.compile(r"(?:^|/)(\w+)\(guid'([0-9a-fA-F-]{36})'\)'?$")


@dataclass(slots=True)
class Nodes:
    """What each node has acknowledged, and how far each packet that it was given goes."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    packets: dict[tuple[str, int], int] = field(default_factory=dict)

    def select(self, base: Base, interface: Interface, options: Options, root: str) -> str:
        """A feed of what changed since the last acknowledged packet; the same number gives the same changes."""
        node, number = _asked(base, interface, options)
        with base.lock:
            upto = self.packets.setdefault((node, number), base.cursor)
            base.patch(PLAN, node, {"SentNo": number}, load=True)
            changes = [one for one in base.changes(self.acknowledged.get(node, 0)) if one.cursor <= upto]
        entries, graves = [], []
        for change in changes:
            shown = interface.by_inner.get(change.set)
            if shown is None or change.set == PLAN:
                continue
            if change.record is None:
                graves.append(atom.tombstone(f"{root}{shown.name}(guid'{change.ref}')", base.now()))
                continue
            record = shown.view(change.record)
            place = address(shown, record)
            entries.append(atom.entry(root, shown, place, record_out(shown, record), base.now()))
        return atom.feed(root, entries, tail="".join(graves))

    def acknowledge(self, base: Base, interface: Interface, options: Options) -> None:
        """The packet of that number is saved on the other side: it is not sent again."""
        node, number = _asked(base, interface, options)
        upto = self.packets.get((node, number))
        if upto is None:
            raise ODataError(400, 21, f"Сообщение с номером {number} узлу не отправлялось")
        self.acknowledged[node] = max(upto, self.acknowledged.get(node, 0))
        base.patch(PLAN, node, {"ReceivedNo": number}, load=True)


def _asked(base: Base, interface: Interface, options: Options) -> tuple[str, int]:
    if PLAN not in interface.by_inner:
        raise ODataError(404, 8, f'Тип сущности "{PLAN}" не найден!')
    point, number = _POINT.search(options.get("DataExchangePoint")), options.number("MessageNo")
    if point is None or number is None:
        raise ODataError(400, 12, "Не указан параметр DataExchangePoint или MessageNo")
    if f"{NAMESPACE}.{point[1]}" != f"{NAMESPACE}.{interface.by_inner[PLAN].name}" or not base.get(PLAN, point[2]):
        raise no_instance(point[1])
    return point[2], number
