// Decides which addresses may become links.

const ALLOWED = new Set(["http:", "https:", "mailto:"]);
const ABSOLUTE = /^(?:https?:\/\/|mailto:)/i;
// Spaces, control and invisible characters (\p{C} includes bidi marks and zero width) and backslashes hide where a link leads.
const SUSPICIOUS = /[\s\p{C}\\]/u;

/** The address in its normal form, or null where it must stay text. */
export function safeUrl(raw) {
  if (!ABSOLUTE.test(raw) || SUSPICIOUS.test(raw)) return null;
  let url;
  try {
    url = new URL(raw);
  } catch {
    return null;
  }
  // "https://bank.example@elsewhere.example" leads elsewhere.
  if (!ALLOWED.has(url.protocol) || url.username || url.password) return null;
  return url.href;
}

// A web address, a mail address or a bare host name.
const ADDRESS = /^\s*(?:https?:|mailto:|www\.|\S+@\S+\s*$|[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+(?:[/:?#]|\s*$))/iu;

/** What a link says: its own words, but where they are an address themselves, always the one that it leads to. */
export function linkWords(words, href) {
  if (!ADDRESS.test(words) || bare(words).toLowerCase() === bare(href).toLowerCase()) return words;
  return bare(href);
}

function bare(address) {
  return address.trim().replace(/^(?:https?:\/\/|mailto:)/i, "").replace(/\/$/, "");
}
