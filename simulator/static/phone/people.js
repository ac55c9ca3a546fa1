// The platforms, and the customers of the chosen one.

import { el } from "./dom.js";
import { icon } from "./icons.js";
import { keyOf } from "./store.js";

const NAMES = ["Mia Keller", "Jonas Weber", "Amara Okafor", "Luca Rossi", "Sofia Novak", "Emil Larsen", "Noor Haddad", "Ines Costa"];

/** A name that nobody on this platform has yet. */
export function freshName(customers) {
  const taken = new Set(customers.map((one) => one.name));
  return NAMES.find((name) => !taken.has(name)) ?? `Customer ${customers.length + 1}`;
}

export class People {
  constructor(element, choose) {
    this.element = element;
    this.choose = choose;
    this.tabs = el("div", { class: "tabs", role: "group", "aria-label": "Platform" });
    this.list = el("ul", { class: "customers" });
    this.more = el("button", { type: "button", class: "more", onclick: () => this.choose.newcomer() }, icon("plus"), "Another customer");
    element.append(this.tabs, this.list, this.more);
  }

  show(channels, current, customers, chosen, unread) {
    const focused = document.activeElement?.dataset?.key;
    this.tabs.replaceChildren(...channels.map((channel) =>
      el("button", {
        type: "button", class: "tab", "data-channel": channel.name, "data-key": channel.name,
        "aria-pressed": String(channel.name === current.name), onclick: () => this.choose.channel(channel.name),
      }, el("span", { class: "glyph" }, icon(channel.name)), el("span", {}, channel.title))));
    this.list.replaceChildren(...customers.map((customer) => {
      const count = unread(customer);
      return el("li", {}, el("button", {
        type: "button", class: "customer", "data-key": keyOf(customer),
        "aria-pressed": String(chosen && keyOf(customer) === keyOf(chosen)), onclick: () => this.choose.customer(customer),
      },
      el("span", { class: "face", "aria-hidden": "true" }, (customer.name || customer.id).slice(0, 1)),
      el("span", { class: "who" }, el("strong", { dir: "auto" }, customer.name || customer.id), el("small", {}, customer.id)),
      count ? el("span", { class: "count", "aria-label": `${count} unread` }, String(count)) : null));
    }));
    if (focused) {
      [...this.element.querySelectorAll("button")].find((one) => one.dataset.key === focused)?.focus();
    }
  }
}
