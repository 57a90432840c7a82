/* The chats of the bot, as the people on the other side see them. */

import { pause, post, say as tell } from "./page.js";

const texts = document.getElementById("main").dataset;
const at = id => document.getElementById(id);
let current = null, chats = [], drawn = "";

function make(tag, text, parent, className) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  parent.append(element);
  return element;
}

async function act(name, body) {
  const answer = await post("/_sandbox/do/" + name, body);
  if (!answer.ok) tell(document.body.dataset.failed);
  await refresh();
}

function chatName(chat) { return chat.title || chat.first_name; }

function bodyOf(message) {
  if (message.contact) return texts.contact.replace("%s", message.contact.phone_number);
  if (message.document) return texts.file.replace("%s", message.document.file_name) + (message.caption ? "\n" + message.caption : "");
  if (message.photo) return texts.photo + (message.caption ? ": " + message.caption : "");
  if (message.location) return texts.place.replace("%s", `${message.location.latitude}, ${message.location.longitude}`);
  return message.text + (message.edit_date ? ` (${texts.edited})` : "");
}

// Offsets of entities count UTF-16 units, as JavaScript strings do. Of nested entities the outermost is shown.
function drawText(message, box) {
  const tags = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "code", text_link: "a" };
  const text = bodyOf(message);
  let after = 0;
  for (const { type, offset, length, url } of (message.entities || []).toSorted((a, b) => a.offset - b.offset || b.length - a.length)) {
    if (!tags[type] || offset < after) continue;
    box.append(text.slice(after, offset));
    const part = make(tags[type], text.slice(offset, offset + length), box);
    if (/^https?:/.test(url || "")) part.href = url;
    after = offset + length;
  }
  box.append(text.slice(after));
}

function drawMessage(message, chat) {
  const box = make("div", "", at("talk"), "message" + (message.from.is_bot ? "" : " person"));
  drawText(message, box);
  for (const row of message.reply_markup?.inline_keyboard || [])
    for (const key of row) {
      const button = make("button", key.text, box, "second");
      button.type = "button";
      button.onclick = key.url
        ? () => window.open(key.url, "_blank", "noopener")
        : () => act("press", { chat_id: chat.id, message_id: message.message_id, data: key.callback_data || "" });
    }
  make("time", new Date(message.date * 1000).toLocaleTimeString(document.documentElement.lang), box);
}

function draw() {
  const focused = document.activeElement.dataset.chat;
  at("chats").replaceChildren();
  for (const chat of chats) {
    const button = make("button", chatName(chat) + " ", at("chats"));
    make("small", String(chat.id), button);
    button.type = "button";
    button.dataset.item = "";
    button.dataset.chat = chat.id;
    button.setAttribute("aria-current", chat.id === current);
    button.onclick = () => { current = chat.id; drawn = ""; refresh(); };
  }
  const again = focused && at("chats").querySelector(`[data-chat="${focused}"]`);
  if (again) again.focus({ preventScroll: true });
  const chat = chats.find(one => one.id === current);
  at("title").textContent = chat ? chatName(chat) : texts.nobody;
  at("door").textContent = chat?.door === "blocked" ? texts.unblock : texts.block;
  for (const id of ["contact", "card", "door", "text", "clip"]) at(id).disabled = !chat;
  at("talk").replaceChildren();
  if (!chat) make("p", texts.empty, at("talk"), "empty");
  for (const message of chat?.messages || []) drawMessage(message, chat);
  at("talk").scrollTop = at("talk").scrollHeight;
}

async function refresh() {
  const answer = await fetch("/_sandbox/chats");
  chats = await answer.json();
  if (!chats.some(chat => chat.id === current)) current = chats.length ? chats[0].id : null;
  const state = JSON.stringify([chats, current]);
  if (state !== drawn) { drawn = state; draw(); }
}

at("say").onsubmit = event => {
  event.preventDefault();
  const text = at("text").value;
  at("text").value = "";
  act("say", { chat_id: current, text });
};
at("new").onsubmit = event => {
  event.preventDefault();
  current = 700100200 + chats.length;
  act("say", { chat_id: current, text: "/start", first_name: at("name").value });
};
at("clip").onclick = () => at("file").click();
at("file").onchange = async () => {
  const [file] = at("file").files;
  if (!file) return;
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  const given = { chat_id: current, content: btoa(text) };
  const caption = at("text").value;
  at("file").value = at("text").value = "";
  await (file.type.startsWith("image/") ? act("send_photo", { ...given, caption }) : act("send_document", { ...given, name: file.name }));
};
at("contact").onclick = () => act("share_contact", { chat_id: current, phone: "79160001122" });
at("card").onclick = () => act("share_contact", { chat_id: current, phone: "79165550000", own: false });
at("door").onclick = () => act("door", { chat_id: current, door: chats.find(chat => chat.id === current).door === "blocked" ? "open" : "blocked" });

for (;;) {
  await refresh().catch(() => tell(document.body.dataset.lost));
  await pause(1000);
}
