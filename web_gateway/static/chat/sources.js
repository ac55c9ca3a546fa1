// Names what an answer rests on, in small print below it.

import { el } from "./dom.js";

/** The line as a list of no or one element. */
export function sourcesLine(citations, strings) {
  const names = new Map();
  for (const { title, source } of Array.isArray(citations) ? citations : []) {
    const name = title || source;
    if (name && !names.has(name)) names.set(name, source);
  }
  if (!names.size) return [];
  const items = [...names].map(([name, source]) => el("li", { title: source || null, dir: "auto" }, name));
  return [el("div", { class: "sources" }, el("span", {}, strings.sources(items.length)), el("ul", {}, ...items))];
}
