// The live feed: rows that come are put where they belong, rows that come on are replaced where they stand. While somebody
// reads further down, walks through the rows or has paused, what is new waits behind a button: nothing jumps.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const filter = byId("feed-filter"), list = byId("feed");
  if (filter) {
    filter.addEventListener("change", () => filter.requestSubmit());
    filter.addEventListener("submit", () => { // so that the address names only what was chosen
      filter.querySelectorAll("select").forEach((one) => { one.disabled = one.value === ""; });
    });
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  }
  if (!list || !list.dataset.stream) return;

  const top = document.querySelector(".top"), state = byId("feed-state"), fresh = byId("feed-new"), pause = byId("feed-pause");
  const most = Number(list.dataset.most), again = 5000, patience = { full: 15000 };
  const waiting = new Map();
  let paused = false, mode = "", last = "", doubt = 0;

  const say = (now = mode) => {
    clearTimeout(doubt);
    doubt = 0;
    mode = now;
    const words = state.dataset[paused && mode === "live" ? "paused" : mode];
    if (words && state.textContent !== words) state.textContent = words;
  };
  const isBelow = () => list.getBoundingClientRect().top < Math.max(0, top.getBoundingClientRect().bottom);
  const isReading = () => paused || list.contains(document.activeElement) || isBelow();

  function put(row) {
    const next = [...list.children].find((one) => Number(one.dataset.seq) < Number(row.dataset.seq));
    list.insertBefore(row, next || null);
    while (list.children.length > most) list.lastElementChild.remove();
    byId("feed-empty").hidden = true;
  }

  function replace(old, row) {
    const focused = old.contains(document.activeElement);
    if (old.classList.contains("current")) row.classList.add("current");
    old.replaceWith(row);
    if (focused) row.querySelector("a").focus({ preventScroll: true });
  }

  function count() {
    fresh.hidden = waiting.size === 0;
    fresh.textContent = fresh.dataset.words.replace("%s", waiting.size);
  }

  function showWaiting() {
    [...waiting.values()].forEach(put);
    waiting.clear();
    count();
  }

  function take(row, isNew) {
    const old = byId(row.id);
    if (old) replace(old, row);
    else if (waiting.has(row.id) || (isNew && isReading())) waiting.set(row.id, row);
    else if (isNew) put(row);
  }

  function news(added, changed) {
    [...added.children].forEach((row) => take(row, true));
    [...changed.children].forEach((row) => take(row, false));
    [...waiting.keys()].slice(0, Math.max(0, waiting.size - most)).forEach((id) => waiting.delete(id));
    count();
  }

  function open() {
    const address = new URL(list.dataset.stream, location.href);
    if (last) address.searchParams.set("after", last);
    const source = new EventSource(address);
    source.addEventListener("live", () => { pause.hidden = false; say("live"); });
    source.addEventListener("full", () => { pause.hidden = true; say("full"); });
    source.addEventListener("end", () => { source.close(); say("ended"); });
    source.addEventListener("rows", (event) => {
      last = event.lastEventId;
      const piece = document.createElement("template");
      piece.innerHTML = event.data;
      news(...piece.content.children);
    });
    source.onerror = () => {
      doubt ||= setTimeout(() => say("lost"), patience[mode] || again); // that it ends is usual, that it stays away is not
      if (source.readyState === EventSource.CLOSED) setTimeout(look, again); // it was refused, and would not ask again itself
    };
  }

  async function look() {
    try {
      const answer = await fetch(location.href, { method: "HEAD" });
      if (answer.redirected) { say("ended"); return; }
      if (answer.ok) { open(); return; }
    } catch { /* the house is away: asked again below */ }
    setTimeout(look, again);
  }

  fresh.addEventListener("click", () => {
    showWaiting();
    scrollTo({ top: 0 });
    document.activeElement.blur();
  });
  pause.addEventListener("click", () => {
    const words = pause.textContent;
    paused = !paused;
    pause.textContent = pause.dataset.go;
    pause.dataset.go = words;
    if (!paused) showWaiting();
    say();
  });
  addEventListener("scroll", () => { if (waiting.size && !isReading()) showWaiting(); }, { passive: true });
  document.addEventListener("keydown", (event) => { // out of the rows again
    if (event.key !== "Escape" || !list.contains(document.activeElement)) return;
    document.activeElement.blur();
    if (!isReading()) showWaiting();
  });
  open();
})();
