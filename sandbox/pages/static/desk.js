/* The accountant's desk: a list of documents, one of them opened beside it, and what can be done with it. */

import { filter, follow, html, post, say, unsay } from "./page.js";

const list = document.getElementById("main");
const panel = document.getElementById("panel");
const panelBody = document.getElementById("panel-body");
const texts = JSON.parse(list.dataset.texts);
let tab = list.querySelector(".desk").dataset.tab;
let opened = null;

const number = (text) => text.trim().replace(/[\s\u00a0]/g, "").replace(",", ".");

async function redraw() {
  const known = new Set([...list.querySelectorAll("tr[data-ref]")].map((row) => row.dataset.ref));
  const active = document.activeElement && document.activeElement.closest("tr[data-ref]");
  const focused = active && active.dataset.ref;
  const before = tab;
  const text = await html(`/board/list?tab=${before}`);
  if (before !== tab) return;
  list.innerHTML = text;
  for (const row of list.querySelectorAll("tr[data-ref]")) row.classList.toggle("fresh", known.size > 0 && !known.has(row.dataset.ref));
  filter();
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

async function act(name, values) {
  const answer = await post("/board/act", { act: name, document: opened, ...values });
  const told = await answer.json();
  say(answer.ok ? texts[name] : told.error);
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
  act(name, values(element.closest("form"), name, whole)).catch(() => say(texts.lost));
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
  unsay();
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
    show(link.getAttribute("href").split("/").pop(), { push: true }).catch(() => say(texts.unopened));
  } else if (other) {
    event.preventDefault();
    tab = new URL(other.href).searchParams.get("tab");
    history.pushState({}, "", other.href);
    redraw().catch(() => say(texts.unlisted));
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

addEventListener("popstate", () => {
  const found = location.pathname.match(/^\/document\/(.+)$/);
  if (found) {
    show(found[1], { push: false }).catch(() => say(texts.unopened));
  } else {
    hide({ push: false });
    tab = new URLSearchParams(location.search).get("tab") || "invoice";
    redraw().catch(() => say(texts.unlisted));
  }
});

const first = location.pathname.match(/^\/document\/(.+)$/);
if (first) show(first[1], { push: false }).catch(() => say(texts.unopened));
follow(list.querySelector(".desk").dataset.revision, async () => {
  await redraw();
  await redrawPanel({ force: false });
});
