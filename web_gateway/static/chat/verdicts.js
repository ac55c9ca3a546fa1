// Decides what becomes of a message that the server did not take.

import { SEND_ATTEMPTS, backoff } from "./timing.js";

/**
 * What to do after the `attempt`-th failure (from 0), `tried` being the actions taken so far:
 * `{action, delay?, reason?, editable?, detail?}`.
 *
 * again       send it again after `delay`, silently
 * wait        the same, but the person is told why (`reason`) and how long
 * new-session the session is gone: take a new one, send it there
 * new-id      its id was used for another text, so it was never taken: give it a new id
 * fail        leave it to the person; `editable` where sending the same again cannot help
 */
export function verdict(error, { attempt, tried }, timing) {
  if (error.sessionLost) return tried.has("new-session") ? fail("session") : { action: "new-session" };
  if (error.status === 409) return tried.has("new-id") ? fail("conflict") : { action: "new-id" };
  if (error.status === 429 || error.status === 503) return busy(error, attempt, timing);
  if (error.status === 0 || error.status >= 500 || [404, 408, 425].includes(error.status)) {
    if (attempt + 1 < SEND_ATTEMPTS) return { action: "again", delay: backoff(attempt + 1, timing) };
    return fail("network");
  }
  const reason = error.code === "message_too_long" || error.status === 413 ? "message_too_long" : "rejected";
  return { ...fail(reason), editable: true, detail: error.message };
}

function busy(error, attempt, timing) {
  const delay = error.retryAfter ?? backoff(attempt + 2, timing);
  if (delay > timing.longestWait || attempt + 1 >= SEND_ATTEMPTS) return fail("busy");
  // Many were refused in the same moment; a little spread keeps them from coming back in the same moment.
  const spread = Math.random() * Math.min(1000, delay / 10);
  return { action: "wait", reason: error.status === 429 ? "rate_limited" : "busy", delay: delay + spread };
}

function fail(reason) {
  return { action: "fail", reason };
}
