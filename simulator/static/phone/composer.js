// Where the customer writes: a text, or something from the menu beside it.

import { api } from "./api.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";

// What the menu offers where the platform has it: icon, words, and the act.
const ENTRIES = [
  ["image", "picture", "Sample picture", (text) => ({ kind: "image", text })],
  ["image", "upload", "Picture of your own …", null],
  ["location", "place", "Location", () => ({ kind: "location", name: "Brandenburg Gate", address: "Pariser Platz, Berlin" })],
  ["contact", "contact", "Contact", () => ({ kind: "contact", name: "Ada Example" })],
  ["audio", "audio", "Voice message", () => ({ kind: "audio", voice: true })],
  ["document", "document", "Document", (text) => ({ kind: "document", text })],
  ["sticker", "smile", "Sticker", () => ({ kind: "sticker" })],
  ["story_reply", "story", "Reply to the shop’s story", (text) => ({ kind: "story_reply", text: text || "Is this still available?" })],
  ["story_mention", "story", "Mention the shop in a story", () => ({ kind: "story_mention" })],
  ["order", "shop", "Order from the catalogue", () => ({ kind: "order" })],
  ["postback", "more", "Press “Get started”", () => ({ kind: "postback", text: "Get started", payload: "GET_STARTED" })],
  ["unsupported", "warn", "Something unsupported", () => ({ kind: "unsupported" })],
];

export class Composer {
  constructor(act) {
    this.act = act;
    this.mode = null;
    this.can = () => true;
    this.input = el("textarea", { rows: "1", placeholder: "Message", "aria-label": "Message to the shop", maxlength: "20000" });
    this.menu = el("div", { class: "menu", id: "menu", role: "menu", "aria-label": "Send something else", hidden: true });
    this.plus = el("button", { type: "button", class: "round plus", "aria-label": "Send something else", "aria-haspopup": "menu", "aria-expanded": "false", "aria-controls": "menu" }, icon("plus"));
    this.file = el("input", { type: "file", accept: "image/*", hidden: true, "aria-label": "Choose a picture" });
    this.about = el("div", { class: "about", hidden: true });
    const send = el("button", { type: "submit", class: "round send", "aria-label": "Send" }, icon("send"));
    this.element = el("form", { class: "composer" }, this.about, this.menu, this.plus, this.input, send, this.file);
    this.listen();
  }

  listen() {
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.send();
      } else if (event.key === "Escape") {
        this.about.hidden ? this.show(false) : this.leave();
      }
    });
    this.input.addEventListener("input", () => this.grow());
    this.plus.addEventListener("click", () => this.show(this.menu.hidden));
    this.menu.addEventListener("keydown", (event) => this.walk(event));
    this.element.addEventListener("focusout", (event) => {
      if (!this.element.contains(event.relatedTarget)) {
        this.show(false);
      }
    });
    this.file.addEventListener("change", () => this.upload());
  }

  /** Offer what the platform has. */
  offer(can) {
    this.can = can;
    this.menu.replaceChildren(
      ...ENTRIES.filter(([kind]) => can(kind)).map(([, name, words, make]) =>
        el("button", { type: "button", role: "menuitem", tabindex: "-1", onclick: () => this.choose(make) }, icon(name), words)),
    );
    this.leave();
  }

  show(open) {
    this.menu.hidden = !open;
    this.plus.setAttribute("aria-expanded", String(open));
    if (open) {
      this.menu.querySelector("button")?.focus();
    }
  }

  walk(event) {
    const all = [...this.menu.querySelectorAll("button")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
    } else if (event.key === "Escape") {
      this.show(false);
      this.plus.focus();
    }
  }

  choose(make) {
    this.show(false);
    if (make === null) {
      this.file.click();
      return;
    }
    this.act(make(this.take()));
    this.input.focus();
  }

  upload() {
    const [file] = this.file.files;
    this.file.value = "";
    if (file) {
      this.act(api.upload(file).then(({ id }) => ({ kind: "image", text: this.take(), media_id: id })));
    }
  }

  /** What was typed, which is then gone. */
  take() {
    const text = this.input.value.trim();
    this.input.value = "";
    this.grow();
    return text;
  }

  send() {
    const mode = this.mode;
    const text = this.take();
    if (!text) {
      return;
    }
    this.leave();
    this.act(mode ? { kind: mode.kind, text, message_id: mode.message.id } : { kind: "text", text });
  }

  /** The next text answers, or replaces, that message. */
  enter(kind, message) {
    this.mode = { kind, message };
    const words = kind === "edit" ? "Edit: " : "Reply to: ";
    this.about.replaceChildren(
      el("span", { dir: "auto" }, words + (message.text || "a picture").slice(0, 80)),
      el("button", { type: "button", "aria-label": "Never mind", onclick: () => this.leave() }, icon("close")),
    );
    this.about.hidden = false;
    if (kind === "edit") {
      this.input.value = message.text;
      this.grow();
    }
    this.input.focus();
  }

  leave() {
    if (this.mode?.kind === "edit") {
      this.input.value = "";
      this.grow();
    }
    this.mode = null;
    this.about.hidden = true;
  }

  grow() {
    this.input.style.blockSize = "auto";
    this.input.style.blockSize = `${Math.min(this.input.scrollHeight, 132)}px`;
  }
}
