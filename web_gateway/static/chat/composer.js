// The field in which a message is written.

import { attribute, el } from "./dom.js";
import { icon } from "./icons.js";

const LIMIT = 4000; // code points, as the server counts
const NEAR = 500;

/** A composer; `onSend(text)` gets what is to be sent. What is typed survives a reload in `drafts`. */
export function createComposer({ strings, drafts, name, announce, onSend }) {
  const counter = el("p", { class: "counter", id: `${name}-counter` });
  const field = el("textarea", {
    rows: "1", dir: "auto", enterkeyhint: "send", autocomplete: "off", placeholder: strings.placeholder,
    "aria-label": strings.composerLabel, "aria-describedby": counter.id, oninput: changed, onkeydown: key,
  });
  const button = el("button", { type: "submit", class: "send", "aria-label": strings.send, title: strings.send }, icon("send"));
  const box = el("div", { class: "box", onclick: () => field.focus() }, field, button);
  const node = el("form", { class: "composer", onsubmit: submit }, box, counter);

  function key(event) {
    // While an input method composes, Enter chooses a word; Safari says so only by the code 229.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (!event.repeat) send();
  }

  function submit(event) {
    event.preventDefault();
    send();
  }

  function send() {
    const text = clean(field.value);
    if (text && length(text) <= LIMIT) {
      setText("");
      onSend(text);
    } else if (text) announce(counter.textContent);
  }

  function changed() {
    drafts.set("draft", field.value);
    const text = clean(field.value);
    const over = length(text) - LIMIT;
    if (over > 0 && !counter.classList.contains("over")) announce(strings.over(over, LIMIT));
    counter.textContent = over > 0 ? strings.over(over, LIMIT) : over > -NEAR ? strings.left(-over) : "";
    counter.classList.toggle("over", over > 0);
    attribute(field, "aria-invalid", over > 0 ? "true" : null);
    attribute(button, "aria-disabled", !text || over > 0 ? "true" : null);
    fit();
  }

  function fit() {
    if (!field.isConnected || CSS.supports("field-sizing", "content")) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  }

  function setText(text) {
    field.value = text;
    changed();
  }

  field.value = drafts.get("draft") ?? "";
  changed();
  requestAnimationFrame(fit);
  return { node, setText, text: () => field.value, focus: () => field.focus({ preventScroll: true }) };
}

/** What is sent: without space around it and without what no text may hold (NUL, halves of a character). */
function clean(text) {
  const whole = text.toWellFormed?.() ?? text;
  return whole.replaceAll("\u0000", "").trim();
}

/** The length in code points. */
function length(text) {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
