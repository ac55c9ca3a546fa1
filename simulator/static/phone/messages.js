// The messages of one conversation, as they stand on the phone.

import { clock, el, unseen } from "./dom.js";
import { icon } from "./icons.js";

const EMOJI = ["👍", "❤️", "😆", "😮", "😢", "🙏"];
// What the customer's own message has reached, and what the shop was told about its own.
const STATES = {
  sending: ["wait", "on its way to the shop"],
  received: ["ticks", "the shop has it"],
  failed: ["warn", "the shop did not take it; the platform tries again"],
  sent: ["tick", "the shop was told: sent"],
  delivered: ["ticks", "the shop was told: delivered"],
  read: ["ticks", "read"],
  "": ["wait", "the shop was told nothing yet"],
};
const NAMES = {
  location: "Location", contact: "Contact", order: "Order", form: "Form", unsupported: "Something unsupported",
  audio: "Voice message", video: "Video", document: "Document", sticker: "Sticker", story_mention: "Mentioned the shop in a story",
};

function media(message) {
  if (!message.media_id) {
    return null;
  }
  const url = `media/${encodeURIComponent(message.media_id)}`;
  if (message.mime_type.startsWith("image/") && ["image", "story_mention"].includes(message.kind)) {
    return el("img", { class: "picture", src: url, alt: message.kind === "image" ? "A picture" : "A story with the shop in it" });
  }
  const name = ["audio", "document", "sticker"].includes(message.kind) ? message.kind : "document";
  return el("p", { class: "file" }, icon({ sticker: "smile" }[name] ?? name), el("span", {}, NAMES[message.kind] ?? "File"));
}

function map(message) {
  if (message.latitude === null) {
    return null;
  }
  const where = `${message.latitude.toFixed(4)}, ${message.longitude.toFixed(4)}`;
  return el("p", { class: "map" }, icon("place"), el("span", {}, where));
}

function quoted(message, find) {
  const original = message.reply_to && message.kind !== "button" ? find(message) : null;
  if (message.kind === "story_reply") {
    return el("p", { class: "quote" }, "Replied to the shop’s story");
  }
  return original ? el("p", { class: "quote", dir: "auto" }, original.text.slice(0, 120) || NAMES[original.kind] || "A picture") : null;
}

function foot(message) {
  const [name, words] = STATES[message.state] ?? STATES[""];
  const failed = message.fails ? `not delivered: ${message.fails}` : words;
  const mark = message.author === "person"
    ? null
    : el("span", { class: "mark", "data-state": message.state, title: failed }, icon(message.fails ? "warn" : name), unseen(failed));
  return el("span", { class: "foot" }, message.edited ? el("span", {}, "edited") : null, el("time", {}, clock(message.at)), mark);
}

/** One row of the list. `does` says what can be done here and does it. */
export function row(message, does) {
  if (message.kind === "note") {
    return el("li", { class: "row note" }, el("span", {}, message.text));
  }
  const mine = message.author === "customer";
  const who = { customer: "You", shop: "The shop", person: "Somebody of the shop, on their own phone" }[message.author];
  const bubble = el("div", { class: "bubble", "data-kind": message.kind }, unseen(`${who}: `));
  if (message.author === "person") {
    bubble.append(el("p", { class: "by" }, "Written by a person"));
  }
  if (message.deleted) {
    bubble.append(el("p", { class: "gone" }, "This message was deleted"));
  } else {
    bubble.append(...[quoted(message, does.find), media(message), map(message)].filter(Boolean));
    const text = message.text || (message.media_id || message.latitude !== null ? "" : NAMES[message.kind] ?? "");
    if (text) {
      bubble.append(el("p", { class: "text", dir: "auto" }, text));
    }
  }
  bubble.append(foot(message));
  const item = el("li", { class: `row ${mine ? "mine" : "theirs"}`, "data-id": message.id }, bubble);
  const reactions = Object.values(message.reactions);
  if (reactions.length) {
    item.append(el("p", { class: "reactions" }, unseen("Reaction: "), reactions.join(" ")));
  }
  if (!message.deleted) {
    item.append(tools(message, mine, does));
  }
  if (message.buttons.length) {
    item.append(offered(message, does));
  }
  return item;
}

function offered(message, does) {
  const press = (button) => () => does.act({ kind: "button", text: button.title, payload: button.id, message_id: message.id });
  return el("div", { class: "offered" }, message.buttons.map((button) => el("button", { type: "button", onclick: press(button) }, button.title)));
}

function tools(message, mine, does) {
  const bar = el("div", { class: "tools" });
  const add = (name, label, onclick, more = {}) =>
    bar.append(el("button", { type: "button", title: label, "aria-label": label, onclick, ...more }, icon(name)));
  if (does.can("reaction")) {
    add("smile", "React", () => bar.replaceWith(emoji(message, does, bar)));
  }
  if (does.can("text")) {
    add("reply", "Reply", () => does.reply(message));
  }
  if (mine && does.can("edit") && message.text) {
    add("edit", "Edit", () => does.edit(message));
  }
  if (mine && does.can("delete")) {
    add("bin", "Delete", () => does.act({ kind: "delete", message_id: message.id }));
  }
  return bar;
}

function emoji(message, does, bar) {
  const react = (one) => () => does.act({ kind: "reaction", message_id: message.id, emoji: one === message.reactions.customer ? "" : one });
  const choice = el("div", { class: "tools open", role: "group", "aria-label": "React with" });
  const back = () => choice.replaceWith(bar);
  choice.append(
    ...EMOJI.map((one) => el("button", { type: "button", "aria-pressed": String(one === message.reactions.customer), onclick: react(one) }, one)),
    el("button", { type: "button", "aria-label": "Do not react", onclick: back }, icon("close")),
  );
  requestAnimationFrame(() => choice.querySelector("button")?.focus());
  return choice;
}
