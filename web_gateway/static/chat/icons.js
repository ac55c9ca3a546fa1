// The few drawings of the page, as DOM nodes.

import { svg } from "./dom.js";

const PATHS = {
  send: ["M12 19V5", "M5.5 11.5 12 5l6.5 6.5"],
  down: ["M12 5v14", "M5.5 12.5 12 19l6.5-6.5"],
  compose: ["M12 20h8", "M16.5 3.8a2.1 2.1 0 0 1 3 3L8 18.3l-4 1 1-4z"],
  check: ["m5 12.5 4.5 4.5L19 7.5"],
  alert: ["M12 7.5v5.5", "M12 16.5v.01", "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z"],
  chat: ["M20.5 11.5a8.5 8.5 0 0 1-12.3 7.6L3.5 20.5l1.4-4.7A8.5 8.5 0 1 1 20.5 11.5z"],
};

export function icon(name) {
  const paths = PATHS[name].map((d) => svg("path", { d }));
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" }, ...paths);
}
