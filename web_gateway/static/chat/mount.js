// Puts the chat into an element of any page, or of a shadow root: the one entry to everything in this folder.

import { createClient } from "./client.js";
import { createConversation } from "./conversation.js";
import { createStorage } from "./storage.js";
import { strings as english } from "./strings.js";
import { TIMING } from "./timing.js";
import { createView } from "./view.js";

/**
 * Mounts the chat and returns `{destroy()}`. The page (or shadow root) brings chat.css and gives the element a height.
 *
 * @param {Element|ShadowRoot} element
 * @param {object} options
 * @param {string} options.apiBaseUrl where /chat/… is, absolute or relative to the page
 * @param {string} [options.storageKey] names what the browser remembers; another key is another conversation
 * @param {object} [options.strings] words that replace the English ones
 * @param {number} [options.headingLevel] of the chat's title among the page's headings, 2 if not given
 * @param {boolean} [options.autofocus] put the cursor into the message field at once
 * @param {object} [options.timing] replaces single values of TIMING
 */
export function mount(element, options) {
  const strings = { ...english, ...options.strings };
  const timing = { ...TIMING, ...options.timing };
  const prefix = options.storageKey ?? "spur-chat";
  const conversation = createConversation({
    client: createClient(options.apiBaseUrl, timing),
    storage: createStorage(() => window.localStorage, prefix),
    timing,
    changed: () => view.changed(),
  });
  const drafts = createStorage(() => window.sessionStorage, prefix);
  const view = createView({ element, conversation, drafts, strings, timing, headingLevel: options.headingLevel });
  conversation.start();
  if (options.autofocus) view.focus();
  return {
    destroy() {
      conversation.stop();
      view.destroy();
    },
  };
}
