// Follows a conversation: fetches its history, then holds its event stream open, over every kind of interruption.

import { ApiError } from "./client.js";
import { createParser } from "./sse.js";
import { backoff, pause } from "./timing.js";

/**
 * `start` follows the session's conversation until `stop`; `onLost(conversation)` is called where the server does not
 * know the session any more.
 */
export function createConnection({ client, session, store, timing, onLost }) {
  const nudge = new EventTarget();
  let running = null;
  let stream = null;
  let lastBytes = 0;

  function start() {
    if (running) return;
    running = new AbortController();
    follow(running.signal).catch((error) => {
      if (error?.name !== "AbortError") throw error;
    });
  }

  function stop() {
    running?.abort();
    running = null;
    store.update({ connection: { kind: "idle" } });
  }

  async function follow(signal) {
    let failures = 0;
    while (!signal.aborted) {
      if (!navigator.onLine) await offline(signal);
      const ended = await attempt(signal);
      signal.throwIfAborted();
      if (ended.lost) return lost(ended.conversation);
      failures = ended.healthy ? 0 : failures + 1;
      await pause(waiting(ended, failures), signal, nudge);
    }
  }

  /** One connection from its opening to its end, told as data. */
  async function attempt(signal) {
    const cut = new AbortController();
    const abort = () => cut.abort();
    signal.addEventListener("abort", abort);
    stream = cut;
    const conversation = session.current()?.conversation;
    try {
      const held = await session.existing();
      if (!held || held.conversation !== conversation) return { lost: true, conversation };
      if (store.state.phase !== "ready") await history(held.token, cut.signal);
      return await read(held.token, cut);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.sessionLost) return { lost: true, conversation };
      return { healthy: false, retryAfter: error.retryAfter };
    } finally {
      if (stream === cut) stream = null;
      signal.removeEventListener("abort", abort);
    }
  }

  async function history(token, signal) {
    if (store.state.phase !== "loading") store.update({ phase: "loading" });
    for (let more = true; more; ) {
      const page = await client.request("GET", `/chat/messages?after=${store.state.rev}`, { token, signal });
      if (signal.aborted) throw new ApiError("network");
      if (!Array.isArray(page?.messages)) throw new ApiError("bad_answer");
      const before = store.state.rev;
      for (const message of page.messages) store.apply({ event: "message", data: message, id: message.rev });
      store.seen(page.rev);
      more = page.more === true && store.state.rev > before;
    }
    store.update({ phase: "ready" });
  }

  async function read(token, cut) {
    const parse = createParser();
    let watch = setTimeout(() => cut.abort(), timing.silence);
    let working = null;
    let healthy = false;
    try {
      const reader = await client.stream(`/chat/events?after=${store.state.rev}`, { token, signal: cut.signal });
      if (cut.signal.aborted) return { healthy };
      store.streamOpened();
      working = setTimeout(() => {
        healthy = true;
        store.dropStale();
      }, timing.takeUp);
      for (;;) {
        const { done, value } = await reader.read().catch(() => ({ done: true }));
        if (done || cut.signal.aborted) return { healthy };
        clearTimeout(watch);
        watch = setTimeout(() => cut.abort(), timing.silence);
        if (Date.now() - lastBytes > timing.takeUp) session.keepFresh();
        lastBytes = Date.now();
        for (const event of parse(value)) {
          if (event.event === "reconnect") return { healthy, drained: true };
          if (event.event === "error") return failed(event.data, healthy);
          store.apply(event);
          healthy = true;
        }
      }
    } finally {
      clearTimeout(watch);
      clearTimeout(working);
      cut.abort();
    }
  }

  function failed(data, healthy) {
    if (data?.error?.code === "session_not_found") throw new ApiError("session_not_found", { status: 404 });
    return { healthy };
  }

  function lost(conversation) {
    running = null;
    store.update({ connection: { kind: "idle" } });
    onLost(conversation);
  }

  /** How long to wait after a connection's end; says so in the store. */
  function waiting({ drained, retryAfter }, failures) {
    if (drained && failures < 2) return Math.random() * timing.drained;
    const delay = Math.max(backoff(failures, timing), Math.min(retryAfter ?? 0, timing.longestWait));
    // An interruption that is over after the first new attempt is no news.
    const kind = retryAfter ? "busy" : failures > 1 ? "lost" : "connecting";
    store.update({ connection: { kind, until: Date.now() + delay } });
    return delay;
  }

  /** Waits for the network; now and then it is tried all the same, as browsers are sometimes wrong about it. */
  async function offline(signal) {
    store.update({ connection: { kind: "offline" } });
    await pause(timing.backoffCap, signal, nudge);
  }

  /** Something changed for the better (tab in sight, or back `online`): tries at once what was waited for. */
  function wake({ online = false } = {}) {
    const { kind } = store.state.connection;
    if (kind === "open" && (online || Date.now() - lastBytes > timing.stale)) stream?.abort();
    if (kind !== "busy") nudge.dispatchEvent(new Event("wake"));
  }

  return { start, stop, wake, running: () => running !== null };
}
