// Builds the rows of the conversation that are not messages, and chooses the builder for each row.

import { messageItem, ownItem, previewItem } from "./bubbles.js";
import { el } from "./dom.js";

/** An item for the list: `{node, update(row)}`. */
export function rowItem(row, context) {
  // `continues`: the row replaces its own preview; `enters`: it is new, not history, and may move in.
  return BUILDERS[row.type](row, context);
}

const BUILDERS = {
  day: dayItem,
  notice: noticeItem,
  typing: typingItem,
  preview: previewItem,
  unsent: ownItem,
  message: (row, context) => (AUTHORS.get(row.message.author) ?? systemItem)(row, context),
};

const AUTHORS = new Map([["customer", ownItem], ["assistant", messageItem], ["human", messageItem]]);

function dayItem(row, { clock }) {
  const words = document.createTextNode("");
  const update = ({ day }) => {
    if (words.data !== clock.day(day)) words.data = clock.day(day);
  };
  return { node: el("div", { class: "row day" }, el("time", { datetime: row.day }, words)), update };
}

function noticeItem({ notice }, { strings }) {
  return { node: el("div", { class: "row notice" }, strings[notice]), update: () => {} };
}

/** What the system has to say about the conversation. */
function systemItem() {
  const node = el("div", { class: "row notice", dir: "auto", "data-author": "system" });
  return { node, update: ({ message }) => (node.textContent = message.text) };
}

/** Dots while somebody writes; the finished message is announced, these are not. */
function typingItem(row, { strings }) {
  const words = el("span", { class: "typing-words" });
  const dots = el("span", { class: "dots" }, el("i"), el("i"), el("i"));
  const node = el("div", { class: "row theirs typing", "aria-hidden": "true" }, el("div", { class: "bubble" }, dots), words);
  const update = ({ author }) => {
    node.dataset.author = author;
    words.textContent = author === "human" ? strings.typing.human : "";
    node.title = strings.typing[author];
  };
  return { node, update };
}
