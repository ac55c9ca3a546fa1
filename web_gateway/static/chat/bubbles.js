// Builds the messages: the customer's own with what became of it, the answers, and the answer being written.

import { attribute, el } from "./dom.js";
import { icon } from "./icons.js";
import { createRenderer, drawPlain } from "./render.js";
import { sourcesLine } from "./sources.js";
import { createUnsentLine } from "./unsent.js";

/** A finished message of the assistant or of a person of the team. */
export function messageItem(row, context) {
  const { strings, continues, enters } = context;
  const { author } = row.message;
  const bubble = el("div", { class: "bubble" });
  const draw = createRenderer(bubble);
  const below = el("div", { class: "below" });
  const meta = metaLine(context);
  const node = el("div", { class: `row theirs ${enters && !continues ? "enters" : ""}`, "data-author": author },
    authorLine(author, strings),
    bubble, below);
  let drawn = null;
  const update = ({ message, last }) => {
    node.classList.toggle("last", last);
    if (drawn === message.rev) return;
    drawn = message.rev;
    const words = textOf(message, strings);
    node.classList.toggle("replaced", words !== message.text);
    draw(words);
    below.replaceChildren(meta.node, ...sourcesLine(message.meta?.citations, strings));
    meta.show(message);
  };
  return { node, update };
}

/** The customer's own message, from its first moment in the outbox on. */
export function ownItem(row, context) {
  const { strings, enters } = context;
  const bubble = el("div", { class: "bubble" });
  const meta = metaLine(context, el("span", { class: "sent" }, icon("check"), el("span", { class: "unseen" }, strings.sent)));
  const unsent = createUnsentLine(context);
  const node = el("div", { class: `row mine ${enters ? "enters" : ""}`, "data-author": "customer" },
    el("span", { class: "unseen" }, `${strings.you}:`), bubble, unsent.node, meta.node);
  let drawn = null;
  const update = ({ message, entry, last }) => {
    const words = message ? textOf(message, strings) : entry.text;
    if (drawn !== words) drawPlain(bubble, (drawn = words));
    node.classList.toggle("last", Boolean(last));
    node.classList.toggle("replaced", Boolean(message) && words !== message.text);
    attribute(node, "data-state", message ? "sent" : entry.state);
    unsent.show(message ? null : entry);
    meta.node.hidden = !message;
    if (message) meta.show(message);
  };
  return { node, update };
}

/** The answer being written: not announced, its links not yet to be followed; the finished message replaces it. */
export function previewItem() {
  const bubble = el("div", { class: "bubble" });
  const draw = createRenderer(bubble, { links: false });
  const meta = el("div", { class: "meta" }, el("time", {}, "\u00a0"));
  const node = el("div", { class: "row theirs preview last", "data-author": "assistant", "aria-hidden": "true" }, bubble, meta);
  let drawn = null;
  const update = ({ text }) => {
    if (text !== drawn) draw((drawn = text));
  };
  return { node, update };
}

/** A person's messages say so; that the others are the assistant's is heard, not seen. */
function authorLine(author, strings) {
  const name = strings[author] ?? strings.assistant;
  return el("span", { class: author === "human" ? "author" : "unseen" }, name, el("span", { class: "unseen" }, ":"));
}

function metaLine({ strings, clock }, ...after) {
  const edited = el("span", { class: "edited", hidden: true }, strings.edited);
  const words = document.createTextNode("");
  const time = el("time", {}, words);
  const show = ({ createdAt, editedAt, deletedAt }) => {
    words.data = clock.short(createdAt);
    attribute(time, "datetime", createdAt);
    attribute(time, "title", clock.full(createdAt));
    edited.hidden = !editedAt || Boolean(deletedAt);
  };
  return { node: el("div", { class: "meta" }, edited, time, ...after), show };
}

function textOf({ text, deletedAt }, strings) {
  if (deletedAt) return strings.deleted;
  return text || strings.unsupported;
}
