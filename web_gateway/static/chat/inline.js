// Turns the inside of one paragraph (bold, italic, code, links, line breaks) into DOM nodes.

import { el } from "./dom.js";
import { linkWords, safeUrl } from "./links.js";

const ESCAPABLE = /[\\`*_[\]()!#+.>-]/;
const BARE_ADDRESS = /https?:\/\/[^\s<>"'`]+/iy;
const WORD = /[\p{L}\p{N}]/u;

/**
 * The text as a fragment. Whatever is not understood, or not closed, stays as it was typed.
 * Linear in the length of the text: every search for a closing mark is remembered.
 */
export function inline(text, { links = true } = {}) {
  return new Scanner(text, { links, nested: false }).run();
}

class Scanner {
  constructor(text, options) {
    this.text = text;
    this.options = options;
    this.at = 0;
    this.plain = "";
    this.found = new Map();
    this.out = document.createDocumentFragment();
  }

  run() {
    while (this.at < this.text.length) {
      if (!this.mark()) this.plain += this.text[this.at++];
    }
    this.flush();
    return this.out;
  }

  /** Handles a mark at the current place; false where there is none. */
  mark() {
    switch (this.text[this.at]) {
      case "\\": return this.escape();
      case "\n": return this.emit(el("br"), this.at + 1);
      case "`": return this.code();
      case "*": case "_": return this.emphasis();
      case "!": return this.image();
      case "[": return this.link();
      case "h": case "H": return this.address();
      default: return false;
    }
  }

  escape() {
    const next = this.text[this.at + 1];
    if (next === undefined || !ESCAPABLE.test(next)) return false;
    this.plain += next;
    this.at += 2;
    return true;
  }

  code() {
    const run = this.runLength("`", this.at);
    const from = this.at + run;
    const end = this.search(`code${run}`, from, (place) => {
      let here = this.text.indexOf("`", place);
      while (here >= 0) {
        const length = this.runLength("`", here);
        if (length === run) return here;
        here = this.text.indexOf("`", here + length);
      }
      return -1;
    });
    if (end < 0) return this.literal(run);
    const inside = this.text.slice(from, end).replaceAll("\n", " ");
    return this.emit(el("code", {}, /^ .*\S.* $/.test(inside) ? inside.slice(1, -1) : inside), end + run);
  }

  emphasis() {
    const sign = this.text[this.at];
    const run = this.runLength(sign, this.at);
    const width = run >= 2 ? 2 : 1;
    const from = this.at + width;
    if (run > 3 || !this.opens(sign, from)) return this.literal(run);
    const end = this.search(sign.repeat(width), from, (place) => this.closing(sign, width, place));
    if (end <= from) return this.literal(run > 3 ? run : width);
    const inside = new Scanner(this.text.slice(from, end), this.options).run();
    return this.emit(el(width === 2 ? "strong" : "em", {}, inside), end + width);
  }

  opens(sign, from) {
    const next = this.text[from];
    if (next === undefined || /\s/.test(next)) return false;
    return sign === "*" || !WORD.test(this.text[this.at - 1] ?? " ");
  }

  closing(sign, width, place) {
    for (let here = this.text.indexOf(sign, place); here >= 0; ) {
      const run = this.runLength(sign, here);
      const after = this.text[here + run] ?? " ";
      const fits = width === 2 ? run >= 2 && run <= 3 : run !== 2 && run <= 3;
      const tight = !/\s/.test(this.text[here - 1] ?? " ") && (sign === "*" || !WORD.test(after));
      if (fits && tight && here >= place) return here + run - width;
      here = this.text.indexOf(sign, here + run);
    }
    return -1;
  }

  /** Images are never shown; what stands there is shown as typed, without a link. */
  image() {
    const parts = this.text[this.at + 1] === "[" ? this.bracketed(this.at + 1) : null;
    return parts ? this.literal(parts.end - this.at) : false;
  }

  link() {
    const parts = this.bracketed(this.at);
    const href = parts && safeUrl(parts.target);
    if (!href || this.options.nested) return parts ? this.literal(parts.end - this.at) : false;
    const inside = new Scanner(linkWords(parts.words, href), { ...this.options, nested: true }).run();
    return this.emit(this.anchor(href, inside), parts.end);
  }

  /** The parts of `[words](target)` that starts at `open`, or null. */
  bracketed(open) {
    const close = this.search("]", open + 1, (place) => this.text.indexOf("]", place));
    if (close < 0 || this.text[close + 1] !== "(") return null;
    const another = this.search("[", open + 1, (place) => this.text.indexOf("[", place));
    if (another >= 0 && another < close) return null;
    let depth = 0;
    for (let here = close + 1; here < this.text.length && here < close + 2050; here++) {
      const sign = this.text[here];
      if (sign <= " ") return null;
      if (sign === "(") depth++;
      if (sign === ")" && --depth === 0) {
        return { words: this.text.slice(open + 1, close), target: this.text.slice(close + 2, here), end: here + 1 };
      }
    }
    return null;
  }

  address() {
    if (this.options.nested || WORD.test(this.text[this.at - 1] ?? " ")) return false;
    BARE_ADDRESS.lastIndex = this.at;
    const raw = BARE_ADDRESS.exec(this.text)?.[0].replace(/[.,;:!?*_\])}]+$/, "");
    const href = raw && safeUrl(raw);
    if (!raw) return false;
    return href ? this.emit(this.anchor(href, raw), this.at + raw.length) : this.literal(raw.length);
  }

  anchor(href, inside) {
    if (!this.options.links) return el("span", { class: "link" }, inside);
    return el("a", { href, title: href, rel: "noopener noreferrer nofollow", target: "_blank" }, inside);
  }

  /** Where `find` finds something at or after `from`; each mark's last find is remembered, misses too. */
  search(mark, from, find) {
    const known = this.found.get(mark);
    if (known && from >= known.from && (known.end < 0 || from <= known.end)) return known.end;
    const end = find(from);
    this.found.set(mark, { from, end });
    return end;
  }

  runLength(sign, from) {
    let end = from;
    while (this.text[end] === sign) end++;
    return end - from;
  }

  literal(length) {
    this.plain += this.text.slice(this.at, this.at + length);
    this.at += length;
    return true;
  }

  emit(node, next) {
    this.flush();
    this.out.append(node);
    this.at = next;
    return true;
  }

  flush() {
    if (this.plain) this.out.append(this.plain);
    this.plain = "";
  }
}
