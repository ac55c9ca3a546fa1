// Says above the message field when the connection is not as it should be.

import { el } from "./dom.js";
import { secondsUntil } from "./unsent.js";

/** A banner with `show(state)`; only its change from one kind to another is announced, not every second. */
export function createBanner({ strings, announce }) {
  const words = document.createTextNode("");
  const node = el("p", { class: "banner", hidden: true }, el("span", { class: "pulse", "aria-hidden": "true" }), words);
  let kind = null;

  function show(state) {
    const now = state.online ? state.connection.kind : "offline";
    const said = say(now, state, strings);
    node.hidden = !said;
    if (words.data !== said) words.data = said;
    if (said && now !== kind) announce(said);
    kind = now;
  }

  return { node, show };
}

function say(kind, { phase, connection: { until } }, strings) {
  if (kind === "offline") return strings.offline;
  if (kind === "busy") return strings.busyFor(secondsUntil(until));
  if (kind === "lost") return until - Date.now() > 1500 ? strings.reconnectingIn(secondsUntil(until)) : strings.reconnecting;
  return phase === "loading" ? strings.loading : "";
}
