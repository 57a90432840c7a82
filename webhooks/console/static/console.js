// The keyboard: / goes to the search box; j and k walk through what has data-item, Enter opens it.
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

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    const from = button.dataset.copyFrom;
    const text = from ? document.getElementById(from).textContent : new URL(button.dataset.copy, location.href).href;
    await navigator.clipboard.writeText(text);
    button.textContent = button.dataset.copied || button.textContent;
  });
})();
