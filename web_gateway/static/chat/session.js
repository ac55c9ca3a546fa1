// Keeps the token of this browser's conversation, shared by its tabs.

import { ApiError } from "./client.js";
import { uuid } from "./uuid.js";

const KEY = "session";
const SOON = 60_000;
const SETTLES = 300;

/**
 * A session is `{token, conversation, renewAt, used}`. `conversation` is this browser's own name for it and outlives a
 * renewal of the token; `used` is true once a message was accepted, so that there is something to follow.
 */
export function createSession({ client, storage }) {
  const current = () => storage.get(KEY);

  /** The session, made or renewed where that is due; throws ApiError. */
  async function ensure() {
    if (isFresh(current())) return current();
    return exclusively(async () => {
      const held = current();
      return held ? renewed(held) : keep(await ask(), { conversation: uuid(), used: false });
    });
  }

  /** The session there is, renewed where that is due, or null: what only follows must not begin a conversation. */
  async function existing() {
    const held = current();
    if (!held || isFresh(held)) return held;
    return exclusively(async () => current() && renewed(current()));
  }

  async function renewed(held) {
    if (isFresh(held)) return held;
    try {
      const answer = await ask(held.token);
      // Meanwhile another tab may have left this conversation; it must not come back.
      return current()?.conversation === held.conversation ? keep(answer, held) : held;
    } catch (error) {
      if (!(error instanceof ApiError) || error.sessionLost) throw error;
      return held; // The token may well be good still; if it is not, its next use says so.
    }
  }

  function ask(token) {
    return client.request("POST", "/chat/session", { token });
  }

  function keep(answer, { conversation, used }) {
    if (typeof answer?.sessionId !== "string") throw new ApiError("bad_answer");
    const life = Date.parse(answer.expiresAt) - Date.now();
    const renewAt = Number.isFinite(life) ? Date.now() + Math.max(life / 2, SOON) : Number.MAX_SAFE_INTEGER;
    const held = { token: answer.sessionId, conversation, renewAt, used };
    storage.set(KEY, held);
    return held;
  }

  /** Notes that the conversation exists at the server. */
  function markUsed(conversation) {
    const held = current();
    if (held?.conversation === conversation && !held.used) storage.set(KEY, { ...held, used: true });
  }

  /** Forgets a conversation, unless another tab has begun a new one already. */
  function forget(conversation) {
    if (current()?.conversation === conversation) storage.remove(KEY);
  }

  /** Renews the token of a page that stays open for long; where that fails, its next use will tell. */
  async function keepFresh() {
    await existing().catch((error) => {
      if (!(error instanceof ApiError)) throw error;
    });
  }

  return { key: KEY, current, ensure, existing, keepFresh, markUsed, forget };
}

function isFresh(held) {
  return held !== null && held.renewAt > Date.now();
}

/**
 * One tab at a time, where the browser offers locks (it does on secure pages). What a tab stores reaches the others a
 * moment later, also after the lock was given back; so the lock is kept for that moment.
 */
function exclusively(action) {
  if (!navigator.locks) return action();
  return new Promise((resolve, reject) => {
    const locked = async () => {
      await action().then(resolve, reject);
      await new Promise((settled) => setTimeout(settled, SETTLES));
    };
    navigator.locks.request("spur-chat-session", locked).catch(reject);
  });
}
