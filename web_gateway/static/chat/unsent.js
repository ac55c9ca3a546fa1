// Says below an own message what became of it, and offers what can be done.

import { el } from "./dom.js";
import { icon } from "./icons.js";

/** A line with `show(entry)`; null is a message that was sent. Failures are announced once. */
export function createUnsentLine({ strings, actions, announce }) {
  const words = document.createTextNode("");
  const again = el("button", { type: "button", onclick: () => actions.again(current.id) }, strings.sendAgain);
  const edit = el("button", { type: "button", onclick: () => actions.edit(current.id) }, strings.edit);
  const discard = el("button", { type: "button", onclick: () => actions.discard(current.id) }, strings.discard);
  const mark = el("span", { class: "mark" }, icon("alert"));
  const buttons = el("span", { class: "choices" }, again, edit, discard);
  const node = el("div", { class: "unsent", "aria-live": "off" }, el("span", { class: "said" }, mark, el("span", {}, words)), buttons);
  let current = null;
  let announced = null;

  function show(entry) {
    node.hidden = !entry;
    current = entry;
    if (!entry) return;
    const said = say(entry, strings);
    if (words.data !== said) words.data = said;
    const failed = entry.state === "failed";
    mark.hidden = !failed;
    buttons.hidden = !failed && entry.state !== "waiting";
    again.hidden = !failed || entry.editable;
    edit.hidden = !failed;
    if (failed && announced !== said) announce(said);
    announced = failed ? said : null;
  }

  return { node, show };
}

function say({ state, reason, until, detail }, strings) {
  if (state === "failed") return (reason === "rejected" && detail) || strings.failed[reason] || strings.failed.network;
  if (state !== "waiting") return strings.sending;
  const words = strings.waiting[reason] ?? strings.sending;
  return typeof words === "function" ? words(secondsUntil(until)) : words;
}

/** Whole seconds until a moment, at least one. */
export function secondsUntil(moment) {
  return Math.max(1, Math.ceil((moment - Date.now()) / 1000));
}
