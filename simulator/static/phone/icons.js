// The icons, as outlines of 24 by 24.

const PATHS = {
  whatsapp: "M4 20l1.3-4A8 8 0 1 1 8.4 19L4 20zM9.2 8.6c-.6 2.6 2.600 6 5.400 5.800l1-1.500-2-1.100-.9.8c-.9-.3-1.600-1-2-1.900l.8-.9-1-1.900z",
  instagram: "M8 4h8a4 4 0 0 1 4 4v8a4 4 0 0 1-4 4H8a4 4 0 0 1-4-4V8a4 4 0 0 1 4-4zM12 8.600a3.400 3.400 0 1 0 0 6.800 3.400 3.400 0 0 0 0-6.800zM16.700 7.200v.1",
  messenger: "M12 4c-4.800 0-8 3.300-8 7.500 0 2.300 1 4.300 2.700 5.600V20l2.600-1.400c.9.200 1.700.3 2.700.3 4.800 0 8-3.300 8-7.400S16.800 4 12 4zM7.800 13.300l3-3.200 2.300 1.900 3-1.900",
  telegram: "M20 5L3.800 11.300l4.900 1.800L18 7l-7 7.200-.2 4.300 2.500-2.700 3.700 2.700z",
  twilio: "M6 5h12a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-6l-4.500 3.500V16H6a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zM8.500 10.500v.1M12 10.500v.1M15.500 10.500v.1",
  plus: "M12 5v14M5 12h14",
  send: "M5 12h13M12.500 6l6 6-6 6",
  tick: "M3 12.500l4.500 4.500L17 7",
  ticks: "M1.500 12.500L6 17l9.500-10M9.500 15l2 2L21 7",
  wait: "M12 7v5l3 2M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17z",
  warn: "M12 8v5M12 16.500v.1M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17z",
  reply: "M10 7l-5 5 5 5M5 12h8c3.500 0 6 2 6 6",
  smile: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM8.500 14c1.700 2.300 5.300 2.300 7 0M9 9.500v.1M15 9.500v.1",
  edit: "M5 19l1-4L16 5l3 3L9 18z",
  bin: "M5 7h14M9 7V5h6v2M7 7l1 12h8l1-12",
  picture: "M5 5h14v14H5zM5 16l4-4 3 3 3-3 4 4M9 9v.1",
  upload: "M12 16V5M8 8.500L12 5l4 3.500M5 15v4h14v-4",
  place: "M12 21c4-4.500 6-7.700 6-10.500a6 6 0 0 0-12 0C6 13.300 8 16.500 12 21zM12 8.500a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  contact: "M12 5a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7zM5 20c0-4 3-6 7-6s7 2 7 6",
  audio: "M12 4a2.500 2.500 0 0 1 2.500 2.500v5a2.500 2.500 0 0 1-5 0v-5A2.500 2.500 0 0 1 12 4zM6.500 11.500a5.500 5.500 0 0 0 11 0M12 17v3",
  document: "M7 4h7l4 4v12H7zM14 4v4h4",
  story: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 8.500v7M8.500 12h7",
  more: "M6 12v.1M12 12v.1M18 12v.1",
  person: "M12 4.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7zM5.500 19.500c0-3.500 3-5.500 6.500-5.500s6.500 2 6.500 5.500",
  shop: "M4 10l1.500-5h13L20 10M5 10v9h14v-9M4 10h16M10 19v-5h4v5",
  power: "M12 4v8M7.500 6.500a7 7 0 1 0 9 0",
  close: "M6 6l12 12M18 6L6 18",
};

/** One of them, hidden from screen readers: what it means is said beside it. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
