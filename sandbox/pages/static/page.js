/* What the pages of the sandbox share: asking, telling, following changes, filtering, the keyboard. */

const said = document.getElementById("said");
const texts = document.body.dataset;
let forget = 0;

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/* Tells a person what came of it; from within an open dialog, as nothing below one is heard. */
export function say(text) {
  (document.querySelector("dialog[open]") || document.body).append(said);
  said.textContent = text;
  clearTimeout(forget);
  forget = setTimeout(() => { said.textContent = ""; }, 5000);
}

export async function html(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.text();
}

export function post(path, body) {
  return fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/* Below a dialog's end the message would be gone with it. */
export function unsay() {
  document.body.append(said);
}

function live(connected) {
  document.getElementById("live").classList.toggle("lost", !connected);
  const text = connected ? texts.live : texts.lost;
  const place = document.getElementById("live-text");
  if (place.textContent !== text) place.textContent = text;
}

/* Calls `changed` after every change that the emulator tells of. */
export async function follow(revision, changed) {
  let known = revision;
  for (;;) {
    try {
      const answer = await (await fetch(`/board/wait?since=${known}`)).json();
      live(true);
      if (String(answer.revision) !== String(known)) {
        known = answer.revision;
        await changed();
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

/* Hides what does not hold every word that was typed into the filter. */
export function filter() {
  const field = document.getElementById("find");
  const words = field ? field.value.toLowerCase().split(/\s+/).filter(Boolean) : [];
  for (const one of document.querySelectorAll("[data-found]")) {
    const text = one.textContent.toLowerCase();
    one.hidden = !words.every((word) => text.includes(word));
  }
  for (const group of document.querySelectorAll("[data-group]")) {
    group.hidden = words.length > 0 && !group.querySelector("[data-found]:not([hidden])");
  }
}

const find = document.getElementById("find");
if (find) find.addEventListener("input", filter);

function step(by) {
  const items = [...document.querySelectorAll("[data-item]")].filter((one) => one.checkVisibility());
  if (!items.length) return;
  const at = items.indexOf(document.activeElement);
  items[at < 0 ? (by > 0 ? 0 : items.length - 1) : Math.min(Math.max(at + by, 0), items.length - 1)].focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.matches("input, select, textarea")) {
    if (event.key === "Escape" && event.target === find) { find.value = ""; filter(); find.blur(); }
    return;
  }
  const slash = document.querySelector("[data-slash]");
  if (event.key === "/" && slash) slash.focus();
  else if (event.code === "KeyJ") step(1);
  else if (event.code === "KeyK") step(-1);
  else return;
  event.preventDefault();
});
