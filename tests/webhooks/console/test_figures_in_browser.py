"""The charts in a real browser: drawn from their tables, in the colours of the page, light and dark, on a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provodka.journal import Journal
from tests.cli.playing import Clock, House
from tests.webhooks.console.desk import Desk, sign_in
from tests.webhooks.console.sales import PARTS, at, lead, monday

pytestmark = pytest.mark.browser

# Of a chart: the page's accent, how many pixels are of it, and how high a column of it stands at each hour.
LOOK = """(key) => {
  const box = document.querySelector(`[data-of=${key}]`), canvas = box.querySelector("canvas");
  const { data, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colour = (at) => data.slice(at, at + 3).join();
  const hex = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
  const accent = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)).join();
  const plot = box.querySelector(".u-over"), left = plot.offsetLeft, span = plot.offsetWidth;
  const high = [...Array(24).keys()].map((hour) => {
    const x = Math.round((left + (hour + 0.6) / 24.2 * span) * devicePixelRatio);
    let count = 0;
    for (let at = x * 4; at < data.length; at += width * 4) count += colour(at) === accent;
    return count;
  });
  let painted = 0;
  for (let at = 0; at < data.length; at += 4) painted += data[at + 3] === 255 && colour(at) === accent;
  return { accent, painted, high };
}"""

DRAWN = f"""(key) => new Promise((resolve) => {{
  const look = () => {{
    const seen = ({LOOK})(key);
    if (seen.painted > 100) resolve(seen); else requestAnimationFrame(look);
  }};
  look();
}})"""


@pytest.fixture
def desk(journal: Journal, clock: Clock) -> Iterator[Desk]:
    desk = Desk(journal, PARTS | {"now": clock})
    yield desk
    desk.close()


def test_charts_show_what_their_tables_say_in_the_colours_of_the_page(desk: Desk, house: House, opened: Any) -> None:
    monday(house)
    lead(house, "8", "anna", at("15:00", days_ago=-1), at("15:10", days_ago=-1))
    house.clock.forward(days=7)  # so that all of it is last week's
    page = opened(f"{desk.url}/figures?period=last_week")
    sign_in(page, "view")
    page.get_by_role("img", name="Столбцы по часам суток. Больше всего лидов приходит с 11:00: 2 из 6.").wait_for()
    page.locator("[data-of=hour] canvas").wait_for()
    colours = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        seen = page.evaluate(DRAWN, "hour")
        assert page.evaluate(DRAWN, "day")["painted"] > 100
        colours.add(seen["accent"])
        leads = [int(cell) for cell in page.locator("#hour tbody td.number").all_inner_texts()]
        tallest = max(seen["high"])
        assert tallest > 50
        assert [round(high / tallest * max(leads)) for high in seen["high"]] == leads
    assert len(colours) == 2
    page.goto(f"{desk.url}/figures?period=month")
    page.locator("#source").wait_for()
    page.set_viewport_size({"width": 360, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
