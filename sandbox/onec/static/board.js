"use strict";

const list = document.getElementById("list");
const panel = document.getElementById("panel");
const panelBody = document.getElementById("panel-body");
const said = document.getElementById("said");
let tab = list.querySelector(".desk").dataset.tab;
let revision = list.querySelector(".desk").dataset.revision;
let opened = null;
let forget = 0;

const DONE = {
  pay: "Оплата проведена", refund: "Возврат проведён", ship: "Отгрузка проведена", order: "Заказ готов",
  post: "Документ проведён", unpost: "Проведение отменено", delete: "Документ помечен на удаление", undelete: "Пометка снята",
};
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const number = (text) => text.trim().replace(/[\s\u00a0]/g, "").replace(",", ".");

function say(text) {
  (panel.open ? panel : document.body).append(said);
  said.textContent = text;
  clearTimeout(forget);
  forget = setTimeout(() => { said.textContent = ""; }, 5000);
}

async function html(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.text();
}

async function redraw() {
  const known = new Set([...list.querySelectorAll("tr[data-ref]")].map((row) => row.dataset.ref));
  const active = document.activeElement && document.activeElement.closest("tr[data-ref]");
  const focused = active && active.dataset.ref;
  const before = tab;
  const text = await html(`/board/list?tab=${before}`);
  if (before !== tab) return;
  list.innerHTML = text;
  for (const row of list.querySelectorAll("tr[data-ref]")) row.classList.toggle("fresh", known.size > 0 && !known.has(row.dataset.ref));
  const again = focused && list.querySelector(`tr[data-ref="${focused}"] .open`);
  if (again) again.focus({ preventScroll: true });
}

async function redrawPanel({ force }) {
  if (!opened) return;
  const ref = opened;
  const text = await html(`/board/document/${ref}`);
  /* Asked after the wait: the person may have begun to type during it. */
  if (opened !== ref || !force && panelBody.contains(document.activeElement) && document.activeElement.matches("input")) return;
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
        await redrawPanel({ force: false });
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

async function act(name, values) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch("/board/act", { method: "POST", headers, body: JSON.stringify({ act: name, document: opened, ...values }) });
  const told = await answer.json();
  say(answer.ok ? DONE[name] : told.error);
  await redraw();
  await redrawPanel({ force: answer.ok });
}

function values(form, name, whole) {
  if (!form) return {};
  if (name === "ship") {
    if (whole) return {};
    const inputs = [...form.querySelectorAll("input[data-line]")].filter((one) => Number(number(one.value)) > 0);
    return { lines: Object.fromEntries(inputs.map((one) => [one.dataset.line, number(one.value)])) };
  }
  const cash = form.querySelector("input[name=cash]");
  const given = cash ? { cash: cash.checked } : {};
  const amount = number(form.querySelector("input[name=amount]").value);
  return whole || !amount ? given : { ...given, amount };
}

function play(element, whole) {
  const name = element.dataset.act;
  act(name, values(element.closest("form"), name, whole)).catch(() => say("Не получилось: нет связи с учебной 1С"));
}

async function show(ref, { push }) {
  panelBody.innerHTML = await html(`/board/document/${ref}`);
  opened = ref;
  if (push) history.pushState({ ref }, "", `/document/${ref}`);
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
  document.getElementById("panel-title").focus();
}

function hide({ push }) {
  if (!opened) return;
  const ref = opened;
  opened = null;
  document.body.append(said);
  panel.close();
  panelBody.replaceChildren();
  if (push) history.pushState({}, "", `/?tab=${tab}`);
  const link = list.querySelector(`tr[data-ref="${ref}"] .open`);
  if (link) link.focus();
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const button = event.target.closest("button[type=button][data-act]");
  const link = event.target.closest("a.open");
  const other = event.target.closest(".tabs a");
  if (button) {
    play(button, button.dataset.whole !== undefined);
  } else if (link) {
    event.preventDefault();
    show(link.getAttribute("href").split("/").pop(), { push: true }).catch(() => say("Документ не открылся"));
  } else if (other) {
    event.preventDefault();
    tab = new URL(other.href).searchParams.get("tab");
    history.pushState({}, "", other.href);
    redraw().catch(() => say("Список не открылся"));
  } else if (event.target.closest("[data-close]") || event.target === panel) {
    event.preventDefault();
    hide({ push: true });
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-act]");
  if (!form) return;
  event.preventDefault();
  play(form, false);
});

panel.addEventListener("cancel", (event) => {
  event.preventDefault();
  hide({ push: true });
});

window.addEventListener("popstate", () => {
  const found = location.pathname.match(/^\/document\/(.+)$/);
  if (found) {
    show(found[1], { push: false }).catch(() => say("Документ не открылся"));
  } else {
    hide({ push: false });
    tab = new URLSearchParams(location.search).get("tab") || "invoice";
    redraw().catch(() => say("Список не открылся"));
  }
});

const first = location.pathname.match(/^\/document\/(.+)$/);
if (first) show(first[1], { push: false }).catch(() => say("Документ не открылся"));
follow();
