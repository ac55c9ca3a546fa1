// Reads server-sent events out of bytes, however they are cut.

/**
 * A function that takes the next bytes and returns the events that they completed: `{event, data, id}`, data parsed
 * from JSON. Comments are dropped, as are events whose data is not JSON; an unfinished event at the end never counts.
 */
export function createParser() {
  const decoder = new TextDecoder();
  let rest = "";
  let event = fresh();

  return function parse(bytes) {
    const text = rest + decoder.decode(bytes, { stream: true });
    // A line feed may still follow a carriage return at the end.
    const usable = text.endsWith("\r") ? text.length - 1 : text.length;
    const lines = text.slice(0, usable).split(/\r\n|\n|\r/);
    rest = lines.pop() + text.slice(usable);
    const out = [];
    for (const line of lines) {
      if (line !== "") field(event, line);
      else if (event.data.length) out.push(...finished(event));
      if (line === "") event = fresh();
    }
    return out;
  };
}

function fresh() {
  return { event: "message", data: [], id: null };
}

function field(event, line) {
  const colon = line.indexOf(":");
  if (colon === 0) return;
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (name === "data") event.data.push(value);
  else if (name === "event") event.event = value || "message";
  else if (name === "id" && /^\d+$/.test(value)) event.id = Number(value);
}

function finished({ event, data, id }) {
  try {
    return [{ event, data: JSON.parse(data.join("\n")), id }];
  } catch {
    return [];
  }
}
