// What is seen before the first message: a greeting and a few questions to begin with.

import { el } from "./dom.js";

export function createWelcome({ strings, headingTag, onAsk }) {
  const questions = strings.suggestions.map((question) =>
    el("li", {}, el("button", { type: "button", onclick: () => onAsk(question) }, question)));
  return el("div", { class: "welcome", hidden: true },
    el(headingTag, { class: "greeting" }, strings.greeting),
    el("p", {}, strings.introduction),
    el("ul", { class: "suggestions", "aria-label": strings.suggestionsLabel }, ...questions),
    el("p", { class: "small" }, strings.automatic));
}
