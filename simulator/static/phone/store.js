// What the simulator knows, kept up to date by asking for changes and waiting for them.

import { api } from "./api.js";

const PAUSE = 1000;
const WAIT = 20;

export const keyOf = (thing) => [thing.channel, thing.account, thing.customer ?? thing.id].join(" ");

export class Store extends EventTarget {
  constructor() {
    super();
    this.clear();
    this.connected = true;
  }

  clear() {
    this.rev = 0;
    this.run = 0;
    this.customers = new Map();
    this.messages = new Map();
  }

  thread(customer) {
    const key = keyOf(customer);
    return [...this.messages.values()].filter((one) => keyOf(one) === key).sort((a, b) => a.at - b.at);
  }

  /** Ask for ever. `wait` is what the first question does not do. */
  async follow() {
    let wait = 0;
    for (;;) {
      try {
        this.take(await api.get(`changes?after=${this.rev}&wait=${wait}`));
        this.connect(true);
        wait = WAIT;
      } catch {
        this.connect(false);
        wait = 0;
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  }

  connect(connected) {
    if (this.connected !== connected) {
      this.connected = connected;
      this.dispatchEvent(new Event("connection"));
    }
  }

  take(changes) {
    if (this.run && this.run !== changes.run) {
      // Another run of the simulator, which has forgotten everything: its numbers began again.
      this.clear();
      this.dispatchEvent(new Event("restart"));
      return;
    }
    this.run = changes.run;
    this.rev = changes.rev;
    for (const customer of changes.customers) {
      this.customers.set(keyOf(customer), customer);
    }
    // Somebody who changed the number is there under the new one only.
    const newest = new Map();
    for (const customer of [...this.customers.values()].filter((one) => one.user_id).sort((a, b) => b.rev - a.rev)) {
      if (newest.has(customer.user_id)) {
        this.customers.delete(keyOf(customer));
      }
      newest.set(customer.user_id, customer);
    }
    for (const message of changes.messages) {
      this.messages.set(`${message.channel} ${message.id}`, message);
    }
    if (changes.customers.length || changes.messages.length) {
      this.dispatchEvent(new CustomEvent("change", { detail: changes }));
    }
  }
}
