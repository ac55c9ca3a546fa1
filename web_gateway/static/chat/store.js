// Holds what is known of a conversation and takes the server's events in, in whatever order and however often.

const LONGEST_PREVIEW = 65_536;
const TYPING_LASTS = 60_000;

/** A store; `changed` is called after every change, `arrived(message)` for every message that is new or changed. */
export function createStore({ changed, arrived }) {
  const state = { phase: "idle", connection: { kind: "idle" }, online: true, expired: false, ...blank() };

  function update(change) {
    Object.assign(state, change);
    changed();
  }

  /** Forgets the conversation. */
  function clear() {
    update(blank());
  }

  /** Takes in one message in its latest state; an older revision of it changes nothing. */
  function upsert(message, rev = message.rev) {
    const known = state.messages.get(message.id);
    if (!known || known.rev < rev) {
      const text = typeof message.text === "string" ? message.text : "";
      state.messages.set(message.id, { ...message, text, rev, seenAt: known?.seenAt ?? Date.now() });
      if (message.author === "assistant") state.previews.delete(message.turn);
      if (message.author !== "customer") state.typing.delete(message.author);
      arrived(message);
    }
    changed();
  }

  /** Notes how far the conversation was seen; previews of an earlier stream are continued from their beginning. */
  function streamOpened() {
    for (const preview of state.previews.values()) preview.stale = true;
    update({ connection: { kind: "open" } });
  }

  /** Drops previews that the new stream did not take up: nobody is writing them any more. */
  function dropStale() {
    for (const [turn, preview] of state.previews) if (preview.stale) state.previews.delete(turn);
    changed();
  }

  function seen(rev) {
    if (Number.isInteger(rev) && rev > state.rev) state.rev = rev;
  }

  /** Takes in one event of the stream. */
  function apply({ event, data, id }) {
    if (Object.hasOwn(EVENTS, event) && data && typeof data === "object") EVENTS[event](data);
    seen(id);
  }

  const EVENTS = {
    message: (message) => {
      if (typeof message.id !== "string" || typeof message.seq !== "number") return;
      upsert(message);
      seen(message.rev);
    },
    delta: ({ turn, text, replace }) => {
      if (typeof text !== "string" || answered(state, turn)) return;
      const known = state.previews.get(turn);
      const before = known && !known.stale && !replace ? known.text : "";
      state.previews.set(turn, { text: (before + text).slice(0, LONGEST_PREVIEW), stale: false });
      changed();
    },
    reset: ({ turn }) => {
      state.previews.delete(turn);
      changed();
    },
    typing: ({ author, active }) => {
      if (active) state.typing.set(author, Date.now() + TYPING_LASTS);
      else state.typing.delete(author);
      changed();
    },
    owner: ({ owner }) => update({ owner: owner === "human" ? "human" : "assistant" }),
    silent: ({ turn }) => {
      state.silent.add(turn);
      state.previews.delete(turn);
      changed();
    },
  };

  return { state, update, clear, upsert, streamOpened, dropStale, seen, apply };
}

function blank() {
  return {
    messages: new Map(),
    previews: new Map(),
    typing: new Map(),
    silent: new Set(),
    owner: null,
    rev: 0,
  };
}

function answered(state, turn) {
  for (const message of state.messages.values()) {
    if (message.author === "assistant" && message.turn === turn) return true;
  }
  return false;
}
