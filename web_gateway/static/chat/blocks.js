// Cuts a text into paragraphs and lists.

const BULLET = /^ {0,30}[-*+•][ \t]+(.*)$/;
const NUMBER = /^ {0,30}(\d{1,9})[.)][ \t]+(.*)$/;

/**
 * The blocks of a text: `{type: "p", lines}` or `{type: "ul" | "ol", start, items: [lines]}`, each with the `source` it
 * was made of, so that equal sources need not be drawn again. An empty line does not end a list that goes on after it.
 */
export function blocks(text) {
  const out = [];
  let open = null;
  let gap = false;
  for (const line of text.replace(/\r\n?/g, "\n").split("\n")) {
    if (!line.trim()) {
      gap = true;
      continue;
    }
    const item = listItem(line);
    if (item && (open?.type !== item.type)) out.push((open = { type: item.type, start: item.start, items: [], source: "" }));
    else if (!item && (gap || !open)) out.push((open = { type: "p", lines: [], source: "" }));
    add(open, item, line);
    gap = false;
  }
  return out;
}

function listItem(line) {
  const bullet = BULLET.exec(line);
  if (bullet) return { type: "ul", text: bullet[1] };
  const number = NUMBER.exec(line);
  return number && { type: "ol", start: Number(number[1]), text: number[2] };
}

function add(block, item, line) {
  block.source += `${line}\n`;
  if (item) block.items.push([item.text.trim()]);
  else if (block.items) block.items.at(-1).push(line.trim());
  else block.lines.push(line.trim());
}
