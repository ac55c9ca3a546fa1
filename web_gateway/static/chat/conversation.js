// Joins session, outbox, connection and store into one conversation, over several tabs and over lost sessions.

import { createConnection } from "./connection.js";
import { createOutbox } from "./outbox.js";
import { createSession } from "./session.js";
import { createStore } from "./store.js";

/** The conversation of this browser; `changed` is called whenever `state` or `unsent()` changed. */
export function createConversation({ client, storage, timing, changed }) {
  const life = new AbortController();
  const session = createSession({ client, storage });
  const store = createStore({ changed, arrived });
  const connection = createConnection({ client, session, store, timing, onLost: lost });
  const outbox = createOutbox({ client, session, storage, timing, changed, onAccepted: accepted, onLost: lost });
  let shown = session.current()?.conversation ?? null;
  let outOfSight = null;
  let asleep = false;

  function start() {
    store.update({ online: navigator.onLine });
    storage.watch(changedElsewhere, life.signal);
    window.addEventListener("online", () => network(true), { signal: life.signal });
    window.addEventListener("offline", () => network(false), { signal: life.signal });
    document.addEventListener("visibilitychange", sight, { signal: life.signal });
    window.addEventListener("pageshow", sight, { signal: life.signal });
    if (document.visibilityState === "hidden") sight();
    if (session.current()?.used) connection.start();
    else store.update({ phase: "ready" });
    outbox.load();
  }

  function arrived({ clientMessageId }) {
    if (outbox.has(clientMessageId)) outbox.remove(clientMessageId);
  }

  function accepted(entry, answer, name) {
    outbox.remove(entry.id);
    if (name !== session.current()?.conversation) return;
    session.markUsed(name);
    // Never two conversations in one view: another tab, or the person, may have removed the one that is shown.
    if (shown && name !== shown) begin({ expired: true });
    shown = name;
    if (answer?.messageId) {
      const { messageId: id, seq } = answer;
      const message = { id, seq, author: "customer", kind: "text", text: entry.text, createdAt: new Date().toISOString() };
      // Revision 0: whatever the stream says about it is newer.
      store.upsert({ ...message, clientMessageId: entry.id }, 0);
    }
    follow();
  }

  /** The server does not know the conversation any more: begin another, and keep what is not sent yet. */
  function lost(conversation) {
    if (!conversation) return;
    session.forget(conversation);
    if (shown && conversation !== shown) follow();
    else begin({ expired: shown !== null });
  }

  /** Leaves this conversation for a new one. */
  function startNew() {
    outbox.clear();
    if (shown) session.forget(shown);
    begin({ expired: false });
  }

  function begin({ expired }) {
    shown = session.current()?.conversation ?? null;
    connection.stop();
    store.clear();
    store.update({ expired, phase: "ready" });
    follow();
  }

  function follow() {
    if (asleep || connection.running() || !session.current()?.used) return;
    if (!store.state.messages.size) store.update({ phase: "loading" });
    connection.start();
  }

  function changedElsewhere(key) {
    if (key?.startsWith(outbox.prefix)) outbox.reload(key);
    if (key !== null && key !== session.key) return;
    const name = session.current()?.conversation ?? null;
    if (name === shown) follow();
    else begin({ expired: false });
  }

  function network(online) {
    store.update({ online });
    if (!online) return;
    connection.wake({ online: true });
    outbox.wake();
  }

  /** A tab out of sight gives its stream back after a while, and resumes where it was when it is seen again. */
  function sight() {
    clearTimeout(outOfSight);
    asleep = false;
    if (document.visibilityState === "hidden") outOfSight = setTimeout(sleep, timing.hidden);
    else if (connection.running()) connection.wake();
    else follow();
  }

  function sleep() {
    asleep = true;
    connection.stop();
  }

  function stop() {
    life.abort();
    clearTimeout(outOfSight);
    connection.stop();
    outbox.close();
  }

  return {
    state: store.state, unsent: outbox.list, start, stop, startNew,
    send: outbox.add, again: outbox.again, discard: outbox.remove,
  };
}
