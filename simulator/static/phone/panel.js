// Beside the phone: a person of the shop, what goes wrong, and what goes over the wire.

import { api } from "./api.js";
import { clock, el } from "./dom.js";
import { icon } from "./icons.js";
import { MANNERS, RULES } from "./switches.js";

const LINES = 40;
const LOOK = 1500;

export class Panel {
  constructor(element, channels, tell) {
    this.channels = channels;
    this.tell = tell;
    this.manners = new Set();
    this.switches = [];
    this.calls = 0;
    this.posted = 0;
    this.wire = el("ol", { class: "wire", tabindex: "0", "aria-label": "What goes over the wire" });
    element.append(this.person(), this.trouble(), this.log());
    tell(() => this.recall());
    setInterval(() => this.look(), LOOK);
    this.look();
  }

  /** What was switched on before the page was loaded. */
  async recall() {
    const [{ rules }, manners] = await Promise.all([api.get("rules"), api.get(`webhooks/${this.channels[0].name}`)]);
    for (const { input, find } of this.switches) {
      input.checked = find(rules, manners);
    }
  }

  person() {
    this.own = el("input", { type: "text", "aria-label": "Message from the shop’s own phone", placeholder: "I’ll look into it myself", maxlength: "900" });
    this.ownHint = el("p", { class: "small" });
    const button = el("button", { type: "submit" }, icon("send"), "Send");
    const form = el("form", { class: "line" }, this.own, button);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const text = this.own.value.trim();
      if (text && this.customer) {
        this.own.value = "";
        await this.tell(() => api.writeAsShop(this.customer, text));
      }
    });
    this.ownForm = form;
    return el("section", {}, el("h2", {}, icon("person"), "Write from the shop’s own phone"), this.ownHint, form);
  }

  show(customer, channel) {
    this.customer = customer;
    this.ownHint.textContent = channel.echoes
      ? "A person of the shop answers this customer without our software, which is told of it and keeps silent."
      : `${channel.title} tells nobody what is written on another device, so there is nothing to try here.`;
    for (const element of this.ownForm.elements) {
      element.disabled = !channel.echoes;
    }
  }

  trouble() {
    const groups = RULES.map(([title, rules]) => this.group(title, rules.map(([words, rule]) => this.ruleSwitch(words, rule))));
    const [title, manners] = MANNERS;
    groups.push(this.group(title, manners.map(([words, manner]) => this.mannerSwitch(words, manner))));
    return el("section", {}, el("h2", {}, icon("warn"), "Let something go wrong"), el("p", { class: "small" }, "On all five platforms, until it is switched off."), ...groups);
  }

  group(title, switches) {
    return el("fieldset", {}, el("legend", {}, title), ...switches);
  }

  toggle(words, change, find) {
    const input = el("input", { type: "checkbox", role: "switch" });
    this.switches.push({ input, find });
    input.addEventListener("change", async () => {
      input.disabled = true;
      await this.tell(() => change(input.checked));
      input.disabled = false;
    });
    return el("label", { class: "switch" }, input, el("span", { class: "track", "aria-hidden": "true" }), el("span", {}, words));
  }

  ruleSwitch(words, rule) {
    let id = null;
    return this.toggle(words, async (on) => {
      if (on) {
        ({ id } = await api.post("rules", rule));
      } else if (id !== null) {
        await api.remove(`rules/${id}`);
      }
    }, (rules) => {
      id = rules.find((one) => holds(one, rule))?.id ?? null;
      return id !== null;
    });
  }

  mannerSwitch(words, manner) {
    return this.toggle(words, async (on) => {
      on ? this.manners.add(manner) : this.manners.delete(manner);
      const all = Object.assign({}, ...this.manners);
      await Promise.all(this.channels.map((channel) => api.put(`webhooks/${channel.name}`, all)));
    }, (_rules, now) => {
      const on = holds(now, manner);
      on && this.manners.add(manner);
      return on;
    });
  }

  log() {
    this.waiting = el("p", { class: "small", role: "status" });
    return el("section", { class: "log" }, el("h2", {}, icon("ticks"), "Over the wire"), this.waiting, this.wire);
  }

  async look() {
    if (document.visibilityState !== "visible") {
      return;
    }
    try {
      const [{ calls }, { posted, waiting }] = await Promise.all([api.get(`calls?after=${this.calls}&last=${LINES}`), api.get(`webhooks?after=${this.posted}&last=${LINES}`)]);
      this.calls = calls.at(-1)?.order ?? this.calls;
      this.posted = posted.at(-1)?.order ?? this.posted;
      const lines = [...calls.map(callLine), ...posted.map(webhookLine)].sort((a, b) => a.time - b.time);
      for (const line of lines.slice(-LINES)) {
        this.wire.prepend(line.element);
      }
      while (this.wire.childElementCount > LINES) {
        this.wire.lastElementChild.remove();
      }
      this.waiting.textContent = waiting ? `${waiting} on the way or waiting for another attempt` : "Nothing is waiting";
    } catch {
      this.waiting.textContent = "The simulator does not answer";
    }
  }
}

function holds(whole, part) {
  return Object.entries(part).every(([name, value]) => whole[name] === value);
}

function line(time, good, direction, channel, words) {
  const element = el("li", { class: good ? "good" : "bad" }, el("time", {}, clock(time)), el("span", { class: "way" }, direction), el("span", {}, `${channel} ${words}`));
  return { time, element };
}

function callLine(call) {
  const words = { send: "send", typing: "typing" }[call.call] ?? call.call;
  const rule = call.rule ? `, ${call.rule.replaceAll("_", " ")}` : "";
  return line(call.time, call.outcome === "accepted", "shop →", call.channel, `${words}: ${call.outcome}${rule}`);
}

function webhookLine(one) {
  const count = one.updates === 1 ? "webhook" : `webhook of ${one.updates}`;
  const again = one.attempt > 1 ? `, attempt ${one.attempt}` : "";
  const good = one.status >= 200 && one.status < 300;
  return line(one.time, good, "→ shop", one.channel, `${count}: ${one.status || "no answer"} in ${Math.round(one.seconds * 1000)} ms${again}`);
}
