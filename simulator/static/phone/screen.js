// The phone itself: its head, the conversation, and the lock screen when it is put away.

import { clock, el } from "./dom.js";
import { Composer } from "./composer.js";
import { icon } from "./icons.js";
import { row } from "./messages.js";
import { keyOf } from "./store.js";

export class Screen {
  constructor(store, act, openPhone) {
    this.store = store;
    this.act = act;
    this.openPhone = openPhone;
    this.customer = null;
    this.channel = null;
    this.away = false;
    this.rows = new Map();
    this.following = true; // the newest is in sight, and stays so
    this.composer = new Composer((one) => this.send(one));
    this.under = el("p", { class: "under", role: "status" });
    this.title = el("h2", {}, "The example shop");
    this.list = el("ol", { class: "messages", role: "log", "aria-label": "Conversation", tabindex: "0" });
    this.hint = el("li", { class: "hint" });
    this.time = el("time", { class: "time", "aria-hidden": "true" });
    this.lock = el("div", { class: "lock", hidden: true });
    this.power = el("button", { type: "button", class: "power", "aria-pressed": "false", onclick: () => this.put(!this.away) }, icon("power"), el("span", {}, "Put the phone away"));
    this.element = this.build();
    this.list.addEventListener("scroll", () => { this.following = this.near(); });
    this.list.addEventListener("load", () => this.follow(), true); // of a picture, which has no height before
    this.tick();
    setInterval(() => this.tick(), 1000);
  }

  build() {
    const head = el("header", { class: "head" }, el("span", { class: "avatar" }, icon("shop")), el("div", {}, this.title, this.under));
    this.app = el("div", { class: "app" }, head, this.list, this.composer.element);
    const bar = el("div", { class: "bar" }, this.time, el("span", { class: "notch", "aria-hidden": "true" }), el("span", { class: "cell", "aria-hidden": "true" }, "5G"));
    return el("div", {}, el("section", { class: "device", "aria-label": "Phone" }, bar, this.app, this.lock), this.power);
  }

  show(customer, channel) {
    this.customer = customer;
    this.channel = channel;
    this.element.dataset.channel = channel.name;
    this.composer.offer((kind) => channel.acts.includes(kind));
    this.hint.textContent = `This is the beginning of ${customer.name || customer.id}’s conversation on ${channel.title}.`;
    this.rows.clear();
    this.list.replaceChildren(this.hint);
    this.following = true;
    this.update();
  }

  /** Who writes wants to see what they wrote. */
  send(one) {
    this.following = true;
    this.follow();
    return this.act(one);
  }

  near() {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 80;
  }

  follow() {
    if (this.following) {
      this.list.scrollTop = this.list.scrollHeight;
    }
  }

  /** Bring the list up to date; only what changed is drawn again. */
  update() {
    if (!this.customer) {
      return;
    }
    const does = {
      act: this.act,
      can: (kind) => this.channel.acts.includes(kind),
      find: (message) => this.store.messages.get(`${message.channel} ${message.reply_to}`),
      reply: (message) => this.composer.enter("text", message),
      edit: (message) => this.composer.enter("edit", message),
    };
    const thread = this.store.thread(this.customer);
    const wanted = new Set(thread.map((message) => message.id));
    for (const [id, known] of this.rows) {
      if (!wanted.has(id)) {
        known.element.remove();
        this.rows.delete(id);
      }
    }
    let before = this.hint;
    for (const message of thread) {
      const known = this.rows.get(message.id);
      if (known?.rev !== message.rev) {
        const element = row(message, does);
        known ? known.element.replaceWith(element) : before.after(element);
        this.rows.set(message.id, { rev: message.rev, element });
      }
      before = this.rows.get(message.id).element;
    }
    this.follow();
    this.notify(thread);
    this.tick();
    if (!this.away && document.visibilityState === "visible" && thread.some((one) => one.author === "shop" && !one.seen && one.state === "delivered")) {
      this.openPhone(this.customer);
    }
  }

  /** The lock screen shows what came while the phone was away. */
  notify(thread) {
    const unread = thread.filter((one) => one.author !== "customer" && one.author !== "note" && one.state !== "read" && one.at * 1000 > this.since);
    this.lock.replaceChildren(
      el("p", { class: "hour" }, clock(Date.now() / 1000)),
      el("p", { class: "date" }, new Date().toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" })),
      el("ul", {}, unread.slice(-3).map((one) => el("li", {}, el("strong", {}, this.channel.title), el("span", { dir: "auto" }, one.text.slice(0, 140))))),
      el("button", { type: "button", class: "unlock", onclick: () => this.put(false) }, "Open the phone"),
    );
  }

  put(away) {
    this.away = away;
    this.since = away ? Date.now() : 0;
    this.lock.hidden = !away;
    this.app.inert = away;
    this.power.setAttribute("aria-pressed", String(away));
    this.power.querySelector("span").textContent = away ? "Open the phone" : "Put the phone away";
    this.update();
  }

  tick() {
    this.time.textContent = clock(Date.now() / 1000);
    const current = this.customer && (this.store.customers.get(keyOf(this.customer)) ?? this.customer);
    const typing = Boolean(current) && current.typing_until * 1000 > Date.now();
    const under = typing ? "typing …" : this.channel?.title ?? "";
    if (this.under.textContent !== under) {
      this.under.textContent = under;
    }
    this.element.classList.toggle("typing", typing);
    if (typing && !this.dots) {
      this.dots = el("li", { class: "row theirs dots", "aria-hidden": "true" }, el("div", { class: "bubble" }, el("i"), el("i"), el("i")));
    }
    if (typing && this.list.lastElementChild !== this.dots) {
      this.list.append(this.dots);
      this.follow();
    } else if (!typing) {
      this.dots?.remove();
    }
  }
}
