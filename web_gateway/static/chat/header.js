// The head of the chat: who answers, and the way to a new conversation.

import { el } from "./dom.js";
import { icon } from "./icons.js";

/** A header with `show(state)`; `onNew` is called once the person has agreed to lose this conversation. */
export function createHeader({ strings, name, headingLevel, onNew }) {
  const words = document.createTextNode(strings.answeredByAssistant);
  const fresh = el("button", { type: "button", class: "fresh", title: strings.newConversation, "aria-haspopup": "dialog", onclick: () => dialog.showModal() },
    icon("compose"), el("span", {}, strings.newConversation));
  const node = el("header", { class: "head" },
    el("span", { class: "emblem" }, icon("chat")),
    el("div", { class: "titles" }, el(`h${headingLevel}`, { class: "title" }, strings.title), el("p", { class: "subtitle" }, words)),
    fresh);
  const dialog = createDialog({ strings, name, onYes: onNew });
  node.append(dialog);

  /** Shows who answers; `empty` is a conversation without messages, which nobody can lose. */
  function show({ person, empty }) {
    const said = person ? strings.answeredByPerson : strings.answeredByAssistant;
    if (words.data !== said) words.data = said;
    fresh.hidden = empty;
  }

  return { node, show };
}

function createDialog({ strings, name, onYes }) {
  const close = () => dialog.close();
  const yes = () => {
    dialog.close();
    onYes();
  };
  const dialog = el("dialog", { class: "ask", "aria-labelledby": `${name}-ask`, "aria-describedby": `${name}-warn` },
    el("h3", { id: `${name}-ask` }, strings.newConversationQuestion),
    el("p", { id: `${name}-warn` }, strings.newConversationWarning),
    el("div", { class: "answers" },
      el("button", { type: "button", class: "quiet", onclick: close }, strings.cancel),
      el("button", { type: "button", class: "strong", onclick: yes }, strings.startNew)));
  return dialog;
}
