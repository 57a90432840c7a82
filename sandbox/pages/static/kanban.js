/* The board of a CRM: cards by stages, moved by hand; an opened card lies beside them in a panel. */

import { filter, follow, html, post, say, unsay } from "./page.js";

const columns = document.getElementById("main");
const panel = document.getElementById("panel");
const panelBody = document.getElementById("panel-body");
const texts = columns.dataset;
let dragged = null;
let opened = null;

const cardOf = (card) => columns.querySelector(`.card[data-card="${card}"]`);

/* What the person is doing survives a redraw: the focused control and the scroll. */
function remember() {
  const focused = document.activeElement;
  const card = focused && focused.closest(".card");
  return {
    card: card && card.dataset.card,
    part: focused && focused.matches("select") ? "select" : ".open",
    left: columns.querySelector(".board").scrollLeft,
    tops: new Map([...columns.querySelectorAll(".column")].map((one) => [one.dataset.stage, one.querySelector(".cards").scrollTop])),
    cards: new Set([...columns.querySelectorAll(".card")].map((one) => one.dataset.card)),
  };
}

async function redraw() {
  const text = await html(texts.columns);
  if (dragged) return;
  const before = remember();
  columns.innerHTML = text;
  columns.querySelector(".board").scrollLeft = before.left;
  for (const column of columns.querySelectorAll(".column")) {
    column.querySelector(".cards").scrollTop = before.tops.get(column.dataset.stage) || 0;
  }
  for (const card of columns.querySelectorAll(".card")) {
    if (!before.cards.has(card.dataset.card)) card.classList.add("fresh");
  }
  filter();
  redrawBells();
  const again = before.card && columns.querySelector(`.card[data-card="${before.card}"] ${before.part}`);
  if (again) again.focus({ preventScroll: true });
}

/* Notifications stand above the columns, and come with them. */
function redrawBells() {
  const come = columns.querySelector("template.bells-now");
  const place = document.getElementById("bells");
  if (!come || !place) return;
  const open = place.querySelector("[open]") !== null;
  place.replaceChildren(come.content.cloneNode(true));
  place.firstElementChild.open = open;
}

async function redrawPanel() {
  if (!opened) return;
  const text = await html(`/board/${opened}`);
  const active = document.activeElement;
  /* Asked after the wait: the person may have begun to type during it. */
  if (!opened || panelBody.contains(active) && active.matches("input, select")) return;
  const top = panel.scrollTop;
  panelBody.innerHTML = text;
  panel.scrollTop = top;
}

async function move(card, select, stage) {
  const column = [...columns.querySelectorAll(".column")].find((one) => one.dataset.stage === stage);
  const body = texts.moves === "status_id" ? { status_id: Number(stage) } : { stage };
  try {
    if (!(await post(`/board/${card}/move`, body)).ok) throw new Error("refused");
    await redraw();
    say(column ? `${texts.moved}: ${column.querySelector("h2").textContent}` : texts.moved);
  } catch {
    if (select) select.value = select.querySelector("[selected]").value;
    say(texts.unmoved);
  }
}

async function show(card, address) {
  panelBody.innerHTML = await html(`/board/${card}`);
  opened = card;
  if (address) history.pushState({ card }, "", address);
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
  document.getElementById("panel-title").focus();
}

function hide({ push }) {
  if (!opened) return;
  const card = cardOf(opened);
  opened = null;
  unsay();
  panel.close();
  panelBody.replaceChildren();
  if (push) history.pushState({ card: null }, "", texts.home);
  if (card) card.querySelector(".open").focus();
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = event.target.closest("a.open");
  if (link) {
    event.preventDefault();
    show(link.closest(".card").dataset.card, link.href).catch(() => say(texts.unopened));
  } else if (event.target.closest("[data-close]") || event.target === panel) {
    event.preventDefault();
    hide({ push: true });
  }
});

document.addEventListener("change", (event) => {
  const select = event.target.closest("select[data-move]");
  if (select) move(select.dataset.move, select, select.value);
});

/* A form of the card: what stands in its fields goes to where it says. One that needs words is not sent without any. */
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-post]");
  if (!form) return;
  event.preventDefault();
  const body = Object.fromEntries([...new FormData(form)].map(([name, text]) => [name, text.trim()]));
  if (form.dataset.needs !== undefined && !Object.values(body).some(Boolean)) return;
  const { post: path, done } = form.dataset;
  try {
    if (!(await post(path, body)).ok) throw new Error("refused");
    document.getElementById("panel-title").focus();
    await redrawPanel();
    const again = panelBody.querySelector(`form[data-needs][data-post="${path}"] input`);
    if (again) again.focus();
    say(done);
  } catch {
    say(document.body.dataset.failed);
  }
});

columns.addEventListener("dragstart", (event) => {
  const card = event.target.closest(".card");
  if (!card) return;
  dragged = card;
  card.classList.add("dragged");
  event.dataTransfer.setData("text/plain", card.dataset.card);
  event.dataTransfer.effectAllowed = "move";
});

columns.addEventListener("dragover", (event) => {
  const column = event.target.closest(".column");
  if (!dragged || !column) return;
  event.preventDefault();
  for (const one of columns.querySelectorAll(".column")) one.classList.toggle("target", one === column);
});

columns.addEventListener("drop", (event) => {
  const column = event.target.closest(".column");
  if (!dragged || !column) return;
  event.preventDefault();
  const { card, stage } = dragged.dataset;
  finishDrag();
  if (stage !== column.dataset.stage) move(card, null, column.dataset.stage);
});

columns.addEventListener("dragend", () => {
  finishDrag();
  redraw().catch(() => say(document.body.dataset.lost));
});

function finishDrag() {
  if (dragged) dragged.classList.remove("dragged");
  dragged = null;
  for (const one of columns.querySelectorAll(".target")) one.classList.remove("target");
}

panel.addEventListener("cancel", (event) => {
  event.preventDefault();
  hide({ push: true });
});

addEventListener("popstate", (event) => {
  const card = event.state && event.state.card;
  if (card) show(card).catch(() => hide({ push: false }));
  else hide({ push: false });
});

/* On a narrow screen one stage is seen at a time: begin with the first that holds something. */
function beginWithCards() {
  const card = columns.querySelector(".card");
  const board = columns.querySelector(".board");
  if (card && board.scrollWidth > board.clientWidth * 2) {
    board.scrollLeft = card.closest(".column").offsetLeft - board.firstElementChild.offsetLeft;
  }
}

beginWithCards();
const first = panelBody.querySelector(".sheet");
history.replaceState({ card: first ? first.dataset.card : null }, "");
if (first) {
  opened = first.dataset.card;
  panel.showModal();
  document.getElementById("panel-title").focus();
}
follow(texts.revision, async () => {
  await redraw();
  await redrawPanel();
});
