"""«Обмен с сайтом»: 1C as the client that takes a site's orders and tells it of numbers, payments and shipments."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sandbox.onec.cml_goods import goods_files
from sandbox.onec.cml_read import CmlError, read_orders, read_statuses
from sandbox.onec.cml_write import SHAPES, Shape, orders_file, shape
from sandbox.onec.desk import Desk
from sandbox.onec.site import Site, SiteError, Upload, file_name
from sandbox.onec.site_orders import SiteOrders
from sandbox.onec.site_taking import SiteTaking, Taken

Mishap = Literal["chunk_lost", "chunk_twice", "file_twice", "broken_xml"]
MISHAPS: tuple[Mishap, ...] = ("chunk_lost", "chunk_twice", "file_twice", "broken_xml")


@dataclass(frozen=True, slots=True)
class Habits:
    """What a particular 1C does in its own way, run after run.

    `own_orders` sends orders that were made in 1C itself; `line_sums` False leaves the sums of lines out; with
    `imported` False it expects the site to work on a file as soon as it came. With `goods` it sends its catalogue
    first, with `info` it asks for the site's statuses; newer modules call orders `crm`.
    """

    kind: Literal["sale", "crm"] = "sale"
    goods: bool = False
    info: bool = False

    encoding: str | None = None
    namespace: bool = True
    zipped: bool = True
    own_orders: bool = False
    line_sums: bool = True
    imported: bool = True


@dataclass(slots=True)
class Report:
    """What one exchange did. `error` is what the user of 1C reads; `refused` orders were not taken, with the reason."""

    error: str | None = None
    taken: list[Taken] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    goods: int = 0
    statuses: dict[str, str] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.error is None

    def as_json(self) -> dict[str, Any]:
        return {"ok": self.ok, **asdict(self)}


class SiteExchange:
    """The exchange of one base with one site. Each `run` is one exchange; what the site did not confirm goes again."""

    def __init__(
        self,
        desk: Desk,
        url: str,
        user: str = "",
        password: str = "",
        version: str = "2.08",
        habits: Habits | None = None,
    ) -> None:
        if version not in SHAPES:
            raise ValueError(f"no version {version!r}; there are {', '.join(SHAPES)}")
        self.version, self.habits = version, habits or Habits()
        self._base, self._url = desk.base, url
        self._orders = SiteOrders(desk)
        self._taking = SiteTaking(desk, self._orders)
        self._files = 0
        self._one_at_a_time = threading.Lock()
        self.log_in_as(user, password)
        self._begin_anew()

    def log_in_as(self, user: str, password: str) -> None:
        self._login = (user, password)

    def run(self, mishaps: frozenset[Mishap] = frozenset()) -> Report:
        """Take the site's orders, confirm them, send what changed. The `mishaps` happen to this run's file only."""
        with self._one_at_a_time:
            report = Report()
            site = Site(self._url, *self._login, self.version)
            if self._state is not self._base.state:  # another copy of the base, with registrations of its own
                self._begin_anew()
            try:
                if self.habits.goods:
                    report.goods = self._send_goods(site)
                site.kind = self.habits.kind
                self._take(site, report)
                self._send(site, report, mishaps)
            except (SiteError, CmlError) as error:
                report.error = str(error)
            report.steps = [asdict(step) for step in site.steps]
            return report

    def _begin_anew(self) -> None:
        """Nothing is confirmed yet."""
        self._state = self._base.state
        self._confirmed = 0
        self._goods_taken: int | None = None

    def _take(self, site: Site, report: Report) -> None:
        site.log_in()
        site.begin()
        if self.habits.info:
            report.statuses = read_statuses(site.dictionaries())
        report.taken = [self._taking.take(order) for order in read_orders(site.orders())]
        refused = [one for one in report.taken if one.what == "refused"]
        if refused:
            report.error = "; ".join(f"Заказ {one.number}: {one.text}" for one in refused)
        else:
            site.confirm()

    def _send_goods(self, site: Site) -> int:
        """The whole catalogue when something of it changed since the site took it last; how many goods went."""
        about = self._base.configuration.roles.product
        changed = self._base.changes(self._goods_taken or 0, sets=[about])
        if self._goods_taken is not None and not changed:
            return 0
        upto, products = self._base.cursor, self._orders.products()
        site.kind = "catalog"
        site.log_in()
        site.begin()
        for name, content in goods_files(products, self._shape(), self._base.now()).items():
            site.send(name, content, Upload(zipped=self.habits.zipped))
        self._goods_taken = upto
        return len(products)

    def _shape(self) -> Shape:
        how = self.habits
        return shape(self.version, encoding=how.encoding, namespace=how.namespace, line_sums=how.line_sums)

    def _send(self, site: Site, report: Report, mishaps: frozenset[Mishap]) -> None:
        now, upto = self._base.now(), self._base.cursor
        changed = self._orders.changed(self._confirmed, own=self.habits.own_orders)
        if not changed:
            self._confirmed = upto
            return
        site.log_in()
        site.begin()
        content = orders_file(changed, self._shape(), now)
        if "broken_xml" in mishaps:
            content = content[: len(content) * 2 // 3]
        self._files += 1
        upload = Upload("chunk_lost" in mishaps, "chunk_twice" in mishaps, self.habits.zipped, self.habits.imported)
        for _ in range(2 if "file_twice" in mishaps else 1):
            site.send(file_name(now, self._files), content, upload)
        self._confirmed = upto
        report.sent = [order.site_id for order in changed]
