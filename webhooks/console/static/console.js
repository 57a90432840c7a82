// The keyboard: / goes to the search box; j and k walk through what has data-item, Enter opens it.
// What a person has unfolded (by its id) stays so when a part of the page is renewed.
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

  let unfolded = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    unfolded = [...event.detail.target.querySelectorAll("details[open][id]")].map((one) => one.id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(new URL(button.dataset.copy, location.href).href);
    button.textContent = button.dataset.copied || button.textContent;
  });
})();
