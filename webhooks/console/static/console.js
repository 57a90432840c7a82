// The keyboard (/ goes to the search box; j and k walk through what has data-item, Enter opens it), parts that refresh.
"use strict";
(() => {
  const items = () => [...document.querySelectorAll("[data-item]")];
  const isTyping = (target) => target.closest("input, select, textarea, [contenteditable]") !== null;

  function step(by) {
    const all = items();
    if (!all.length) return;
    const at = all.findIndex((one) => one.classList.contains("current"));
    const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
    all.forEach((one) => one.classList.toggle("current", one === next));
    (next.matches("a") ? next : next.querySelector("a") || next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === "/") {
      event.preventDefault();
      const box = document.getElementById("q");
      if (box) { box.focus(); box.select(); }
    } else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
  });

  // A part that refreshes itself comes back with its tables scrolled sideways, its focus, its place and what is unfolded as they were;
  // while somebody marks words in it, it waits.
  let kept = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.detail.target, marked = getSelection();
    if (!marked.isCollapsed && part.contains(marked.anchorNode)) { event.detail.shouldSwap = false; return; }
    const focused = document.activeElement;
    kept = {
      scrolled: [...part.querySelectorAll(".wide[id]")].map((one) => [one.id, one.scrollLeft]),
      focused: part.contains(focused) ? focused.id : "",
      current: part.querySelector(".current[id]")?.id,
      unfolded: [...part.querySelectorAll("details[open][id]")].map((one) => one.id),
    };
  });
  const found = (id) => (id ? document.getElementById(id) : null);
  document.addEventListener("htmx:afterSwap", () => {
    kept?.scrolled.forEach(([id, left]) => { const one = found(id); if (one) one.scrollLeft = left; });
    kept?.unfolded.forEach((id) => found(id)?.setAttribute("open", ""));
    if (kept) found(kept.focused)?.focus({ preventScroll: true });
  });
  document.addEventListener("htmx:afterSettle", () => {  // until then htmx gives back the classes that were sent
    if (kept) found(kept.current)?.classList.add("current");
    kept = null;
  });

  // On a telephone the menu is wider than the screen: the page that is open comes into sight.
  const showCurrent = () => document.querySelectorAll(".menu [aria-current]").forEach((one) => {
    const menu = one.parentElement;
    menu.scrollLeft = one.offsetLeft - menu.offsetLeft - (menu.clientWidth - one.offsetWidth) / 2;
  });
  showCurrent();
  addEventListener("resize", showCurrent);

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    const from = button.dataset.copyFrom;
    const text = from ? document.getElementById(from).textContent : new URL(button.dataset.copy, location.href).href;
    await navigator.clipboard.writeText(text);
    button.textContent = button.dataset.copied || button.textContent;
  });
})();
