// Keeps every message until the server has it, over failures and reloads, and sends them one after another.

import { ApiError } from "./client.js";
import { pause } from "./timing.js";
import { uuid } from "./uuid.js";
import { verdict } from "./verdicts.js";

const PREFIX = "unsent.";

/**
 * An entry is `{id, text, createdAt, state, reason?, detail?, editable?, until?, mine}`, id being the clientMessageId
 * and state one of queued, sending, waiting, failed. Each is stored under a key of its own, so tabs never overwrite
 * each other's; `mine` (not stored) says that this tab sends it.
 */
export function createOutbox({ client, session, storage, timing, changed, onAccepted, onLost }) {
  const entries = new Map();
  const nudge = new EventTarget();
  const life = new AbortController();
  let pumping = false;

  function save(entry) {
    const { mine, ...stored } = entry;
    storage.set(PREFIX + entry.id, stored);
    changed();
  }

  /** Takes a message into the outbox and sends it. */
  function add(text) {
    put({ id: uuid(), text, createdAt: new Date().toISOString(), state: "queued", mine: true });
  }

  function put(entry) {
    entries.set(entry.id, entry);
    save(entry);
    pump();
  }

  /** Takes in what an earlier page left: what it was sending goes on, what had failed waits for the person. */
  function load() {
    for (const key of storage.keys(PREFIX)) {
      const entry = storage.get(key);
      if (typeof entry?.text !== "string" || entries.has(entry.id)) continue;
      const old = Date.now() - Date.parse(entry.createdAt) > timing.resendable;
      if (old && entry.state !== "failed") Object.assign(entry, { state: "failed", reason: "network" });
      entries.set(entry.id, { ...entry, mine: entry.state !== "failed" });
    }
    changed();
    pump();
  }

  /** Another tab changed an entry. */
  function reload(key) {
    const id = key.slice(PREFIX.length);
    const entry = storage.get(key);
    if (!entry) entries.delete(id);
    else if (!entries.get(id)?.mine || entries.get(id).state === "failed") entries.set(id, { ...entry, mine: false });
    changed();
  }

  /** Sends a failed message again, under its old id. */
  function again(id) {
    const entry = entries.get(id);
    if (entry?.state !== "failed") return;
    Object.assign(entry, { state: "queued", reason: null, until: null, mine: true });
    save(entry);
    pump();
  }

  /** Takes an entry out: it was sent, or is not wanted any more. Returns it. */
  function remove(id) {
    const entry = entries.get(id);
    entries.delete(id);
    storage.remove(PREFIX + id);
    nudge.dispatchEvent(new Event("wake"));
    changed();
    return entry;
  }

  function clear() {
    for (const id of [...entries.keys()]) remove(id);
  }

  async function pump() {
    if (pumping) return;
    pumping = true;
    try {
      for (let entry; (entry = next()); ) await deliver(entry);
    } catch (error) {
      if (error?.name !== "AbortError") throw error;
    } finally {
      pumping = false;
    }
  }

  const next = () => list().find((entry) => entry.mine && entry.state !== "failed");
  const list = () => [...entries.values()].sort((one, other) => one.createdAt.localeCompare(other.createdAt));

  async function deliver(entry) {
    const tried = new Set();
    for (let attempt = 0; entries.has(entry.id); attempt++) {
      await due(entry);
      if (!entries.has(entry.id)) return;
      mark(entry, "sending");
      let held = session.current();
      try {
        held = await session.ensure();
        return onAccepted(entry, await post(held, entry), held.conversation);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        life.signal.throwIfAborted();
        if (!entries.has(entry.id)) return;
        const next = verdict(error, { attempt, tried }, timing);
        tried.add(next.action);
        if (next.action === "fail") return mark(entry, "failed", next);
        await prepare(entry, next, held?.conversation);
      }
    }
  }

  function post({ token }, { id, text }) {
    return client.request("POST", "/chat/message", {
      body: { message: text, sessionId: token, clientMessageId: id },
      headers: { Prefer: "respond-async" },
      signal: life.signal,
    });
  }

  async function prepare(entry, { action, delay, reason }, conversation) {
    if (action === "new-session") onLost(conversation);
    else if (action === "new-id") rename(entry);
    else if (action === "wait") mark(entry, "waiting", { reason, until: Date.now() + delay });
    else await pause(delay, life.signal, nudge);
  }

  function rename(entry) {
    remove(entry.id);
    entry.id = uuid();
    entries.set(entry.id, entry);
    save(entry);
  }

  /** Waits until an entry may be sent: its time has come and there is a network. */
  async function due(entry) {
    while (entries.has(entry.id) && entry.until > Date.now()) await pause(entry.until - Date.now(), life.signal, nudge);
    while (entries.has(entry.id) && !navigator.onLine) {
      mark(entry, "waiting", { reason: "offline" });
      await pause(timing.backoffCap, life.signal, nudge);
    }
  }

  function mark(entry, state, { reason = null, until = null, editable = false, detail = "" } = {}) {
    Object.assign(entry, { state, reason, until, editable, detail });
    save(entry);
  }

  /** The network is back: what failed for want of it goes out by itself. */
  function wake() {
    nudge.dispatchEvent(new Event("wake"));
    for (const entry of list()) if (entry.mine && entry.state === "failed" && entry.reason === "network") again(entry.id);
  }

  return { add, load, reload, again, remove, clear, wake, list, prefix: PREFIX, has: (id) => entries.has(id), close: () => life.abort() };
}
