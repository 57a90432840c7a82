"use strict";

const columns = document.getElementById("columns");
const panel = document.getElementById("panel");
const panelBody = document.getElementById("panel-body");
const said = document.getElementById("said");
const home = `/?board=${columns.dataset.board}`;
let revision = columns.dataset.revision;
let dragged = null;
let opened = null;
let forget = 0;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const address = (card) => `/crm/${card.replace("/", "/details/")}/`;

function say(text) {
  said.textContent = text;
  clearTimeout(forget);
  forget = setTimeout(() => { said.textContent = ""; }, 4000);
}

async function html(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.text();
}

async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(String(answer.status));
}

/* What the person is doing survives a redraw: the scroll, the focused card, open notifications. */
async function redraw() {
  const text = await html(`/board/columns?board=${columns.dataset.board}`);
  if (dragged) return;
  const known = new Set([...columns.querySelectorAll(".card")].map((one) => one.dataset.card));
  const focused = document.activeElement && document.activeElement.closest(".card");
  const part = document.activeElement && document.activeElement.matches("select") ? "select" : ".open";
  const left = columns.querySelector(".board").scrollLeft;
  const bells = columns.querySelector(".bells[open]") !== null;
  const tops = new Map([...columns.querySelectorAll(".column")].map((one) => [one.dataset.stage, one.querySelector(".cards").scrollTop]));
  const card = focused && focused.dataset.card;
  columns.innerHTML = text;
  columns.querySelector(".board").scrollLeft = left;
  if (bells && columns.querySelector(".bells")) columns.querySelector(".bells").open = true;
  for (const one of columns.querySelectorAll(".column")) one.querySelector(".cards").scrollTop = tops.get(one.dataset.stage) || 0;
  for (const one of columns.querySelectorAll(".card")) one.classList.toggle("fresh", !known.has(one.dataset.card));
  const again = card && columns.querySelector(`.card[data-card="${card}"] ${part}`);
  if (again) again.focus({ preventScroll: true });
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

function live(connected) {
  document.getElementById("live").classList.toggle("lost", !connected);
  const text = connected ? "Обновляется сама" : "Нет связи, пробуем снова";
  const place = document.getElementById("live-text");
  if (place.textContent !== text) place.textContent = text;
}

async function follow() {
  for (;;) {
    try {
      const answer = await (await fetch(`/board/wait?since=${revision}`)).json();
      live(true);
      if (String(answer.revision) !== String(revision)) {
        revision = answer.revision;
        await redraw();
        await redrawPanel();
        await pause(300);
      } else if (answer.crowded) {
        await pause(1000);
      }
    } catch {
      live(false);
      await pause(1500);
    }
  }
}

async function move(card, select, stage) {
  const column = [...columns.querySelectorAll(".column")].find((one) => one.dataset.stage === stage);
  try {
    await post(`/board/${card}/move`, { stage });
    await redraw();
    say(`Карточка перенесена: ${column ? column.querySelector("h2").textContent : "стадия изменена"}`);
  } catch {
    if (select) select.value = select.querySelector("[selected]").value;
    say("Не удалось перенести карточку");
  }
}

async function show(card, { push }) {
  panelBody.innerHTML = await html(`/board/${card}`);
  opened = card;
  if (push) history.pushState({ card }, "", address(card));
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
  document.getElementById("panel-title").focus();
}

function hide({ push }) {
  if (!opened) return;
  const card = opened;
  opened = null;
  panel.close();
  panelBody.replaceChildren();
  if (push) history.pushState({}, "", home);
  const link = columns.querySelector(`.card[data-card="${card}"] .open`);
  if (link) link.focus();
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = event.target.closest("a.open");
  if (link) {
    event.preventDefault();
    show(link.closest(".card").dataset.card, { push: true }).catch(() => say("Карточка не открылась"));
  } else if (event.target.closest("[data-close]") || event.target === panel) {
    event.preventDefault();
    hide({ push: true });
  }
});

document.addEventListener("change", (event) => {
  const select = event.target.closest("select[data-move]");
  if (select) move(select.dataset.move, select, select.value);
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-done]");
  if (!form) return;
  event.preventDefault();
  try {
    await post(`/board/${form.dataset.done}/complete`, { text: form.elements.text ? form.elements.text.value.trim() : "" });
    document.getElementById("panel-title").focus();
    await redrawPanel();
    say("Выполнено");
  } catch {
    say("Не удалось выполнить");
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
  endDrag();
  if (stage !== column.dataset.stage) move(card, null, column.dataset.stage);
});

columns.addEventListener("dragend", () => {
  endDrag();
  redraw().catch(() => live(false));
});

function endDrag() {
  if (dragged) dragged.classList.remove("dragged");
  dragged = null;
  for (const one of columns.querySelectorAll(".target")) one.classList.remove("target");
}

panel.addEventListener("cancel", (event) => {
  event.preventDefault();
  hide({ push: true });
});

addEventListener("popstate", () => {
  const place = location.pathname.match(/^\/crm\/(lead|deal)\/details\/(\d+)\/$/);
  if (place) show(`${place[1]}/${place[2]}`, { push: false }).catch(() => hide({ push: false }));
  else hide({ push: false });
});

const first = panelBody.querySelector(".sheet");
if (first) {
  opened = first.dataset.card;
  panel.showModal();
  document.getElementById("panel-title").focus();
}
follow();
