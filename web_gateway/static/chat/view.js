// Shows a conversation: builds the frame once, and after that draws what changed, at most once a frame.

import { createBanner } from "./banner.js";
import { createComposer } from "./composer.js";
import { createFrame, furnish } from "./frame.js";
import { createHeader } from "./header.js";
import { createList } from "./list.js";
import { rowItem } from "./rows.js";
import { createScroll } from "./scroll.js";
import { createClock, untilMidnight } from "./time.js";
import { timeline } from "./timeline.js";
import { createWelcome } from "./welcome.js";

let mounted = 0;

export function createView({ element, conversation, drafts, strings, timing, headingLevel = 2 }) {
  const name = `spur-chat-${++mounted}`;
  const life = new AbortController();
  const frame = createFrame({ strings, onJump: () => jumpToEnd() });
  const { root, scroller, column, log, jump, status } = frame;
  const announce = (text) => (status.textContent = text);
  const context = { strings, clock: createClock(strings), actions: { again, edit, discard }, announce };

  const header = createHeader({ strings, name, headingLevel, onNew: startNew });
  const welcome = createWelcome({ strings, headingTag: `h${headingLevel + 1}`, onAsk: ask });
  const banner = createBanner({ strings, announce });
  const composer = createComposer({ strings, drafts, name, announce, onSend: send });
  furnish(frame, { header, welcome, banner, composer });
  element.append(root);

  const scroll = createScroll(scroller, column, jump);
  const show = createList(log, (row, continues) => rowItem(row, { ...context, continues, enters: settled }));
  let drawing = null;
  let clockwork = null;
  let newest = null;
  let settled = false;

  /** Something changed: draw it with the next frame. */
  function changed() {
    if (!life.signal.aborted) drawing ??= requestAnimationFrame(draw);
  }

  function draw() {
    drawing = null;
    const { state } = conversation;
    const rows = timeline(state, conversation.unsent(), Date.now(), timing.answerDue);
    const focused = focusInside(log);
    show(rows);
    welcome.hidden = rows.length > 0 || state.phase !== "ready";
    header.show({ person: answeredByPerson(state), empty: rows.length === 0 });
    banner.show(state);
    tellNews(rows);
    scroll.keep();
    if (focused && !focusInside(log)) focusAfterwards();
    if (state.phase === "ready" && !settled) settle();
    schedule(rows, state);
  }

  /** The history stands: from now on what is added moves in, and (once the history itself is past) is announced. */
  function settle() {
    settled = true;
    setTimeout(() => log.setAttribute("aria-live", "polite"), 250);
  }

  function tellNews(rows) {
    const last = rows.findLast((row) => row.type === "preview" || (row.type === "message" && row.message.author !== "customer"));
    if (last && last.key !== newest) scroll.news();
    newest = last?.key ?? null;
  }

  /** Draws again when only time passes: a countdown, dots that have lasted too long, the turn of the day. */
  function schedule(rows, { connection }) {
    clearTimeout(clockwork);
    const ticking = rows.some((row) => row.type === "typing" || row.entry?.state === "waiting") || connection.until > Date.now();
    clockwork = setTimeout(changed, ticking ? 500 : Math.min(untilMidnight(), 3_600_000));
  }

  function send(text) {
    scroll.toEnd();
    conversation.send(text);
  }

  function ask(question) {
    send(question);
    focusAfterwards();
  }

  function again(id) {
    conversation.again(id);
    focusAfterwards();
  }

  function edit(id) {
    const entry = conversation.discard(id);
    composer.setText([entry?.text, composer.text()].filter(Boolean).join("\n"));
    composer.focus();
  }

  function discard(id) {
    conversation.discard(id);
    focusAfterwards();
  }

  function startNew() {
    conversation.startNew();
    focusAfterwards();
  }

  function jumpToEnd() {
    scroll.toEnd({ smooth: true });
    focusAfterwards();
  }

  /** Where the focus goes when its element went: to the field, but on a touch screen without opening the keyboard. */
  function focusAfterwards() {
    if (window.matchMedia("(pointer: coarse)").matches) scroller.focus({ preventScroll: true });
    else composer.focus();
  }

  function focusInside(node) {
    return node.contains(node.getRootNode().activeElement);
  }

  function destroy() {
    life.abort();
    cancelAnimationFrame(drawing);
    clearTimeout(clockwork);
    scroll.stop();
    root.remove();
  }

  return { changed, focus: composer.focus, destroy };
}

function answeredByPerson({ owner, messages }) {
  if (owner) return owner === "human";
  const answers = [...messages.values()].filter((message) => ["assistant", "human"].includes(message.author));
  return answers.sort((one, other) => one.seq - other.seq).at(-1)?.author === "human";
}
