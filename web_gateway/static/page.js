// The chat page: one chat that fills the window.

import { mount } from "./chat/mount.js";

const element = document.getElementById("chat");
const withKeys = window.matchMedia("(pointer: fine)").matches;

// This file is in the gateway's folder for static files; the API is beside that folder.
mount(element, { apiBaseUrl: new URL("../", import.meta.url).href, headingLevel: 1, autofocus: withKeys });

// Safari on phones lays its keyboard over the page and says so only here; elsewhere both heights are the same.
function fit() {
  const { height, scale } = window.visualViewport;
  if (scale === 1) element.style.setProperty("--visible-height", `${height}px`);
}

window.visualViewport?.addEventListener("resize", fit);
