"""НДС as a base writes it: a value of an enumeration, or an element of a catalog."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from connectors.onec.odata.base import Base
from connectors.onec.odata.query import Row
from provodka.accounting import Vat
from provodka.errors import Rejected

NO_RATE: Final = (
    "В 1С нет ставки НДС «{rate}»: проверьте ставку в сделке и accounting.vat. Администратору 1С: заведите ставку или "
    "впишите её имя в accounting.overrides (vat.values)."
)


class Rates:
    """Rates of one base, both ways."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._names = base.names.vat

    def written(self, vat: Vat) -> str:
        """What stands for a rate in a row. Raises Rejected where the base has none."""
        found = self._by_rate().get(vat, "") if self._names.set else self._names.values.get(vat, "")
        if not found:
            raise Rejected(f"no VAT rate {vat.value}", hint=NO_RATE.format(rate=shown(vat)))
        return found

    def read(self, value: str) -> Vat:
        """The rate of a row; one that nobody knows (18 % of old times) counts as none: its sum stands in the row."""
        if self._names.set:
            return self._by_ref().get(value, Vat.NONE)
        by_value = {text: vat for vat, text in self._names.values.items()} | dict(self._names.also)
        return by_value.get(value, Vat.NONE)

    def _by_rate(self) -> dict[Vat, str]:
        found: dict[Vat, str] = {}
        for ref, (vat, exact) in self._elements().items():
            if exact:
                found.setdefault(vat, ref)
        return found

    def _by_ref(self) -> dict[str, Vat]:
        return {ref: vat for ref, (vat, _) in self._elements().items()}

    def _elements(self) -> dict[str, tuple[Vat, bool]]:
        """Each element's rate, and whether it is that rate itself and not one that is only read as it."""
        found: dict[str, tuple[Vat, bool]] = self._base.kept("rates", self._rows)
        return found

    def _rows(self) -> dict[str, tuple[Vat, bool]]:
        name = self._names.set or ""
        found = {}
        for row in self._base.living(name, ""):
            if (told := self._rate(row)) is not None:
                found[str(row["Ref_Key"])] = told
        return found

    def _rate(self, row: Row) -> tuple[Vat, bool] | None:
        """By its name where that is one of the profile's, else by its per cent."""
        name = _bare(str(row.get("Description", "")))
        for vat, text in self._names.values.items():
            if _bare(text) == name:
                return vat, True
        for text, vat in self._names.also.items():
            if _bare(text) == name:
                return vat, False
        if row.get(self._names.without.removesuffix("?")) is True:
            return Vat.NONE, True
        rate = row.get(self._names.rate.removesuffix("?"))
        if isinstance(rate, int | Decimal) and not isinstance(rate, bool):
            return next(((vat, True) for vat in Vat if vat is not Vat.NONE and vat.percent == rate), None)
        return None


def shown(vat: Vat) -> str:
    """The rate as people write it."""
    return "без НДС" if vat is Vat.NONE else f"{vat.value} %"


def _bare(name: str) -> str:
    return "".join(name.split()).casefold()
