"use strict";

const columns = document.getElementById("columns");
const panel = document.getElementById("panel");
const panelBody = document.getElementById("panel-body");
const said = document.getElementById("said");
const home = `/?pipeline=${columns.dataset.pipeline}`;
let revision = columns.dataset.revision;
let dragged = null;
let openLead = null;
let forget = 0;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function say(text) {
  said.textContent = text;
  clearTimeout(forget);
  forget = setTimeout(() => { said.textContent = ""; }, 4000);
}

async function html(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.text();
}

async function post(address, body) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(String(answer.status));
}

/* What the person is doing survives a redraw: the focused control, the scroll, the text being typed. */
function remember() {
  const focused = document.activeElement;
  const card = focused && focused.closest(".card");
  return {
    lead: card && card.dataset.lead,
    part: focused && focused.matches("select") ? "select" : ".open",
    left: columns.querySelector(".board").scrollLeft,
    tops: new Map([...columns.querySelectorAll(".column")].map((one) => [one.dataset.status, one.querySelector(".cards").scrollTop])),
    leads: new Set([...columns.querySelectorAll(".card")].map((one) => one.dataset.lead)),
  };
}

async function redraw() {
  const text = await html(`/board/columns?pipeline=${columns.dataset.pipeline}`);
  if (dragged) return;
  const before = remember();
  columns.innerHTML = text;
  columns.querySelector(".board").scrollLeft = before.left;
  for (const column of columns.querySelectorAll(".column")) {
    column.querySelector(".cards").scrollTop = before.tops.get(column.dataset.status) || 0;
  }
  for (const card of columns.querySelectorAll(".card")) {
    if (!before.leads.has(card.dataset.lead)) card.classList.add("fresh");
  }
  const again = before.lead && columns.querySelector(`.card[data-lead="${before.lead}"] ${before.part}`);
  if (again) again.focus({ preventScroll: true });
}

async function redrawPanel() {
  if (!openLead) return;
  const text = await html(`/board/leads/${openLead}`);
  const active = document.activeElement;
  /* Asked after the wait: the person may have begun to type during it. */
  if (!openLead || panelBody.contains(active) && active.matches("input, select")) return;
  const top = panel.scrollTop;
  panelBody.innerHTML = text;
  panel.scrollTop = top;
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

function live(connected) {
  document.getElementById("live").classList.toggle("lost", !connected);
  const text = connected ? "Обновляется сама" : "Нет связи, пробуем снова";
  const place = document.getElementById("live-text");
  if (place.textContent !== text) place.textContent = text;
}

async function move(lead, select, status) {
  const stage = columns.querySelector(`.column[data-status="${status}"] h2`);
  try {
    await post(`/board/leads/${lead}/move`, { status_id: Number(status) });
    await redraw();
    say(`Сделка перенесена: ${stage ? stage.textContent : "этап изменён"}`);
  } catch {
    if (select) select.value = select.querySelector("[selected]").value;
    say("Не удалось перенести сделку");
  }
}

async function show(lead, { push }) {
  panelBody.innerHTML = await html(`/board/leads/${lead}`);
  openLead = lead;
  if (push) history.pushState({ lead }, "", `/leads/detail/${lead}`);
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
  document.getElementById("panel-title").focus();
}

function hide({ push }) {
  if (!openLead) return;
  const lead = openLead;
  openLead = null;
  panel.close();
  panelBody.replaceChildren();
  if (push) history.pushState({}, "", home);
  const card = columns.querySelector(`.card[data-lead="${lead}"] .open`);
  if (card) card.focus();
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = event.target.closest("a.open");
  if (link) {
    event.preventDefault();
    show(link.closest(".card").dataset.lead, { push: true }).catch(() => say("Карточка не открылась"));
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
  const form = event.target.closest("form[data-talk]");
  if (!form) return;
  event.preventDefault();
  const text = form.elements.text.value.trim();
  const picture = form.elements.picture.value.trim();
  if (!text && !picture) return;
  try {
    await post(`/board/talks/${form.dataset.talk}/say`, { text, picture });
    document.getElementById("panel-title").focus();
    await redrawPanel();
    const again = panelBody.querySelector(`form[data-talk="${form.dataset.talk}"] input`);
    if (again) again.focus();
    say("Сообщение отправлено");
  } catch {
    say("Не удалось отправить сообщение");
  }
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-task]");
  if (!form) return;
  event.preventDefault();
  try {
    await post(`/board/tasks/${form.dataset.task}/complete`, { text: form.elements.text.value.trim() });
    document.getElementById("panel-title").focus();
    await redrawPanel();
    say("Задача выполнена");
  } catch {
    say("Не удалось выполнить задачу");
  }
});

columns.addEventListener("dragstart", (event) => {
  const card = event.target.closest(".card");
  if (!card) return;
  dragged = card;
  card.classList.add("dragged");
  event.dataTransfer.setData("text/plain", card.dataset.lead);
  event.dataTransfer.effectAllowed = "move";
});

columns.addEventListener("dragover", (event) => {
  const column = event.target.closest(".column");
  if (!dragged || !column) return;
  event.preventDefault();
  for (const one of columns.querySelectorAll(".target")) one.classList.toggle("target", one === column);
  column.classList.add("target");
});

columns.addEventListener("drop", (event) => {
  const column = event.target.closest(".column");
  if (!dragged || !column) return;
  event.preventDefault();
  const { lead, status } = dragged.dataset;
  finishDrag();
  if (status !== column.dataset.status) move(lead, null, column.dataset.status);
});

columns.addEventListener("dragend", () => {
  finishDrag();
  redraw().catch(() => live(false));
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

addEventListener("popstate", () => {
  const place = location.pathname.match(/^\/leads\/detail\/(\d+)$/);
  if (place) show(place[1], { push: false }).catch(() => hide({ push: false }));
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
const first = panelBody.querySelector(".lead");
if (first) {
  openLead = first.dataset.lead;
  panel.showModal();
  document.getElementById("panel-title").focus();
}
follow();
