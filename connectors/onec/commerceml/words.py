"""Words of the exchange that both directions use, spelled as 1C spells them."""

from __future__ import annotations

from typing import Final

ROOT: Final = "КоммерческаяИнформация"
CONTAINER: Final = "Контейнер"  # 3.x puts documents into it
DOCUMENT: Final = "Документ"
ORDERS: Final = ("Заказ товара", "Счет на оплату")

STATUS, STATUS_ID = "Статус заказа", "Статуса заказа ИД"  # the second is misspelled so by everybody
PAID, CANCELLED = "Заказ оплачен", "Отменен"

ACCEPTED, IN_WORK = ("N", "Принят"), ("P", "Оплачен")
STATUSES: Final = (ACCEPTED, IN_WORK, ("F", "Выполнен"))
