// Draws a text into an element, as plain text or as the Markdown subset, and draws again only what changed.

import { blocks } from "./blocks.js";
import { el } from "./dom.js";
import { inline } from "./inline.js";

// Texts whose first letter is written from the right.
const RIGHT_TO_LEFT = /^\P{L}*[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** Draws what a person typed: every character as it is. */
export function drawPlain(container, text) {
  container.replaceChildren(el("p", { class: "plain", dir: "auto" }, text));
}

/**
 * A function that draws a growing text into `container`. Blocks that are already there stay untouched, so a streamed
 * answer costs its last block only. With `links: false` links look like links and cannot be followed yet.
 */
export function createRenderer(container, { links = true } = {}) {
  let drawn = [];
  return function draw(text) {
    const next = blocks(text);
    let same = 0;
    while (same < drawn.length && same < next.length && equal(drawn[same], next[same])) same++;
    while (container.childNodes.length > same) container.lastChild.remove();
    container.append(...next.slice(same).map((block) => blockNode(block, links)));
    drawn = next;
  };
}

function equal(one, other) {
  return one.type === other.type && one.source === other.source;
}

function blockNode(block, links) {
  if (block.type === "p") return el("p", { dir: "auto" }, inline(block.lines.join("\n"), { links }));
  const items = block.items.map((lines) => el("li", { dir: "auto" }, inline(lines.join("\n"), { links })));
  // A list that was interrupted goes on with the number that was written.
  const start = block.type === "ol" && block.start !== 1 ? block.start : null;
  // Not "auto": for a list of many items the browser would look through all of them for each.
  return el(block.type, { start, dir: RIGHT_TO_LEFT.test(block.items[0].join(" ")) ? "rtl" : "ltr" }, ...items);
}
