// Puts the page together: what is chosen, and what happens when something changes.

import { api } from "./api.js";
import { el } from "./dom.js";
import { Panel } from "./panel.js";
import { People, freshName } from "./people.js";
import { Screen } from "./screen.js";
import { Store, keyOf } from "./store.js";

const store = new Store();
const banner = el("p", { class: "banner", role: "alert", hidden: true });
let channels = [];
let channel = null;
const chosen = new Map();
let opening = null;

function complain(text) {
  banner.textContent = text;
  banner.hidden = !text;
}

/** Do it; if it fails, say why. */
async function tell(action) {
  try {
    await action();
    complain("");
  } catch (error) {
    complain(error.message);
  }
}

/** One act, or the promise of one. */
const act = (one) => tell(async () => {
  const { id } = current();
  const { webhook } = await api.act(current(), await one);
  if (webhook && (webhook.status < 200 || webhook.status > 299) && id === current().id) {
    const why = webhook.status ? `answered ${webhook.status}` : "does not answer";
    throw new Error(`The shop’s webhook gateway ${why}. The platform tries again.`);
  }
});

async function openPhone(customer) {
  if (opening === keyOf(customer)) {
    return;
  }
  opening = keyOf(customer);
  await tell(() => api.open(customer));
  opening = null;
}

const screen = new Screen(store, act, openPhone);
const people = new People(document.getElementById("people"), {
  channel: (name) => choose(name),
  customer: (customer) => pick(customer),
  newcomer: () => welcome(),
});
let panel = null;

const customers = () => [...store.customers.values()].filter((one) => one.channel === channel.name && one.name);
const current = () => {
  const one = chosen.get(channel.name);
  return one && (store.customers.get(keyOf(one)) ?? one);
};

function unread(customer) {
  return store.thread(customer).filter((one) => one.author === "shop" && !one.seen).length;
}

function choose(name) {
  channel = channels.find((one) => one.name === name);
  const known = customers();
  const one = current() ?? known.find((each) => keyOf(each) === sessionStorage.getItem(name)) ?? known[0];
  if (one) {
    pick(one);
  } else {
    welcome();
  }
}

function pick(customer) {
  chosen.set(channel.name, customer);
  sessionStorage.setItem("channel", channel.name);
  sessionStorage.setItem(channel.name, keyOf(customer));
  screen.show(customer, channel);
  panel.show(customer, channel);
  list();
}

async function welcome() {
  await tell(async () => {
    const customer = await api.post(`customers/${channel.name}`, { name: freshName(customers()) });
    store.customers.set(keyOf(customer), customer);
    pick(customer);
  });
}

function list() {
  people.show(channels, channel, customers(), current(), unread);
}

async function start() {
  document.getElementById("stage").append(banner, screen.element);
  ({ channels } = await api.get("channels"));
  panel = new Panel(document.getElementById("panel"), channels, tell);
  store.take(await api.get("changes?after=0"));
  const kept = sessionStorage.getItem("channel");
  choose(channels.some((one) => one.name === kept) ? kept : channels[0].name);
  store.addEventListener("change", () => {
    list();
    screen.update();
  });
  store.addEventListener("restart", () => location.reload());
  store.addEventListener("connection", () => complain(store.connected ? "" : "The simulator does not answer. Trying again …"));
  document.addEventListener("visibilitychange", () => screen.update());
  store.follow();
}

tell(start);
