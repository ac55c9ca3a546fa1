// How long the page waits for things, in milliseconds.

export const TIMING = {
  request: 20_000, // for an answer to any request but the event stream
  silence: 45_000, // a stream without even a heartbeat (sent every 15 s) is dead
  stale: 20_000, // after a computer slept, a stream that missed a heartbeat is not waited for
  takeUp: 5_000, // a stream open this long works, and has taken up whatever answer is being written
  hidden: 60_000, // a tab out of sight gives its stream back: browsers allow six to a host
  backoffBase: 500,
  backoffCap: 30_000,
  drained: 500, // the longest pause before reconnecting to a server that asked for it
  longestWait: 120_000, // a longer Retry-After is left to the person
  resendable: 600_000, // what a reload interrupted is sent again only if it is not older than this
  answerDue: 90_000, // the server answers within 60 s; later the typing dots would be a lie
};

export const SEND_ATTEMPTS = 4;

/** The pause after the n-th failure in a row (from 0): it doubles up to a cap, and is random within its upper half. */
export function backoff(failures, timing) {
  const most = Math.min(timing.backoffCap, timing.backoffBase * 2 ** Math.min(failures, 20));
  return most / 2 + (Math.random() * most) / 2;
}

/** Resolves after a while, early when `nudge` (an EventTarget) says "wake", and rejects when the signal aborts. */
export function pause(delay, signal, nudge = null) {
  return new Promise((resolve, reject) => {
    const end = (settle) => () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      nudge?.removeEventListener("wake", wake);
      settle(signal.reason);
    };
    const wake = end(() => resolve());
    const abort = end(reject);
    const timer = setTimeout(wake, delay);
    nudge?.addEventListener("wake", wake);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
  });
}
