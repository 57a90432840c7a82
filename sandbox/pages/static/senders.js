/* The senders' page: a press of a button sends what the service sends; the answers of the receiver are told. */

import { post } from "./page.js";

const main = document.getElementById("main");
const texts = main.dataset;
const log = document.getElementById("log");
const client = document.getElementById("client");

function tell(text, good) {
  const empty = log.querySelector(".empty");
  if (empty) empty.remove();
  const line = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = new Date().toLocaleTimeString(document.documentElement.lang);
  line.append(time, text);
  if (!good) line.className = "bad";
  log.prepend(line);
}

function words(service, answers) {
  if (!answers.length) return service === "mail" ? texts.letter : texts.nothing;
  const times = {};
  for (const { status } of answers) times[status] = (times[status] || 0) + 1;
  return Object.entries(times)
    .map(([status, count]) => texts.answer.replace("%s", status) + (count > 1 ? ` (${texts.times.replace("%s", count)})` : ""))
    .join(", ");
}

async function press(form, button) {
  const body = { client: Object.fromEntries(new FormData(client)), given: Object.fromEntries(new FormData(form)) };
  const { service, title } = form.dataset;
  const what = `${title}, ${button.textContent}`;
  const answer = await post(`/_sandbox/send/${service}/${button.dataset.press}`, body);
  const told = answer.status === 502 ? { error: texts.deaf } : await answer.json();
  if (told.error) tell(`${what}: ${texts.undelivered}. ${told.error}`, false);
  else tell(`${what}: ${words(service, told.answers)}`, told.answers.every((one) => one.status < 300));
}

main.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-press]");
  if (!button) return;
  button.setAttribute("aria-busy", "true");
  await press(button.closest("form"), button).catch(() => tell(document.body.dataset.lost, false));
  button.removeAttribute("aria-busy");
});

document.addEventListener("submit", (event) => event.preventDefault());

document.getElementById("reset").addEventListener("click", async () => {
  await post("/_sandbox/reset", {});
  tell(texts.emptied, true);
});

/* Somebody who was sent to one service finds its first button under the hand. */
function toWanted() {
  const wanted = location.hash && document.getElementById(location.hash.slice(1));
  if (wanted) wanted.querySelector("button").focus();
}

addEventListener("hashchange", toWanted);
toWanted();
