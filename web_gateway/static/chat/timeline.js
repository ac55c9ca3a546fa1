// Puts a conversation into the order in which it is read: a list of rows, as data.

import { dayOf } from "./time.js";

/**
 * Rows for the view: `{key, type, ...}` with type notice, day, message, unsent, preview or typing. Messages stand in
 * the order of their numbers, except that an answer stands before the questions of later turns that came while it was
 * written; so a question sent meanwhile never makes the answer above it jump.
 */
export function timeline(state, unsent, now, answerDue) {
  const messages = [...state.messages.values()].sort((one, other) => one.seq - other.seq);
  const rows = [...messages.map((message) => messageRow(message, messages)), ...previewRows(state, messages)];
  rows.sort((one, other) => one.place - other.place || one.turn - other.turn);
  markGroups(rows);
  return [...frame([...rows, ...unsent.map(unsentRow)], state), ...typingRows(state, messages, now, answerDue)];
}

function messageRow(message, messages) {
  const own = message.author === "customer";
  return {
    key: own && message.clientMessageId ? `own:${message.clientMessageId}` : `id:${message.id}`,
    type: "message",
    message,
    after: `preview:${message.turn}`,
    turn: message.turn ?? 0,
    place: message.author === "assistant" ? answerPlace(message.turn, message.seq, messages) : message.seq,
  };
}

function previewRows(state, messages) {
  return [...state.previews].map(([turn, { text }]) => ({
    key: `preview:${turn}`, type: "preview", text, turn, place: answerPlace(turn, Infinity, messages),
  }));
}

/** Before the first question of a later turn; a question whose turn is not known yet belongs to a later one. */
function answerPlace(turn, seq, messages) {
  const later = messages.find((m) => m.author === "customer" && m.seq < seq && (m.turn ?? Infinity) > turn);
  return later ? later.seq - 0.5 : seq;
}

/** Marks the last row of each run of one author, which carries the time. */
function markGroups(rows) {
  rows.forEach((row, index) => {
    const next = rows[index + 1];
    row.last = !next || author(next) !== author(row) || minute(next) !== minute(row);
  });
}

const author = (row) => (row.type === "preview" ? "assistant" : row.message.author);
const minute = (row) => (row.type === "preview" ? null : row.message.createdAt?.slice(0, 16));

/** Adds the days and, at the top, what has to be said once. */
function frame(rows, state) {
  if (!rows.length) return [];
  const out = state.expired ? [{ key: "expired", type: "notice", notice: "expired" }] : [];
  out.push({ key: "automatic", type: "notice", notice: "automatic" });
  let day = null;
  for (const row of rows) {
    const its = row.type === "preview" ? day : dayOf((row.message ?? row.entry).createdAt);
    if (its && its !== day) out.push({ key: `day:${its}`, type: "day", day: (day = its) });
    out.push(row);
  }
  return out;
}

function unsentRow(entry) {
  return { key: `own:${entry.id}`, type: "unsent", entry };
}

function typingRows(state, messages, now, answerDue) {
  if (state.previews.size) return [];
  const person = (state.typing.get("human") ?? 0) > now;
  if (person) return [{ key: "typing", type: "typing", author: "human" }];
  const assistant = (state.typing.get("assistant") ?? 0) > now || answerIsDue(state, messages, now, answerDue);
  return assistant ? [{ key: "typing", type: "typing", author: "assistant" }] : [];
}

function answerIsDue(state, messages, now, answerDue) {
  const question = messages.findLast((message) => message.author === "customer");
  if (!question || state.owner === "human" || state.silent.has(question.turn)) return false;
  const asked = Math.min(question.seenAt, Date.parse(question.createdAt) || question.seenAt);
  if (question.deletedAt || now - asked > answerDue) return false;
  return !messages.some((m) => m.author !== "customer" && (m.seq > question.seq || (m.turn && m.turn === question.turn)));
}
