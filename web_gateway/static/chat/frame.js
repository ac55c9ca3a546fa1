// Builds the standing parts of the chat and puts them in their places.

import { el } from "./dom.js";
import { icon } from "./icons.js";

/** The elements that the view fills: `{root, scroller, column, log, jump, status}`. */
export function createFrame({ strings, onJump }) {
  const log = el("div", {
    class: "log", role: "log", "aria-live": "off", "aria-relevant": "additions", "aria-label": strings.messages,
  });
  const column = el("div", { class: "column" }, log);
  const scroller = el("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": strings.conversation }, column);
  const jump = el("button", { type: "button", class: "jump", hidden: true, onclick: onJump }, icon("down"), strings.newMessages);
  const status = el("p", { class: "unseen", role: "status" });
  const root = el("section", { class: "spur-chat", lang: strings.lang, "aria-label": strings.title }, scroller, status);
  return { root, scroller, column, log, jump, status };
}

/** Puts the parts that have a life of their own into the frame. */
export function furnish({ root, scroller, column, jump }, { header, welcome, banner, composer }) {
  root.prepend(header.node);
  column.prepend(welcome);
  scroller.after(el("div", { class: "foot" }, el("div", { class: "over-foot" }, jump), banner.node, composer.node));
}
