// Remembers small things in the browser, and works without memory where the browser allows none.

/**
 * A store of JSON values below a prefix. `area` is localStorage or sessionStorage; where it is missing, full or
 * forbidden, values live as long as the page. Tabs share a value's truth, so nothing is cached here.
 */
export function createStorage(area, prefix) {
  const fallback = new Map();
  const full = (key) => `${prefix}:${key}`;

  function get(key) {
    const text = attempt(() => area().getItem(full(key))) ?? fallback.get(full(key));
    return text === undefined ? null : (attempt(() => JSON.parse(text)) ?? null);
  }

  function set(key, value) {
    const text = JSON.stringify(value);
    const stored = attempt(() => (area().setItem(full(key), text), true));
    if (stored) fallback.delete(full(key));
    else {
      attempt(() => area().removeItem(full(key)));
      fallback.set(full(key), text);
    }
  }

  function remove(key) {
    fallback.delete(full(key));
    attempt(() => area().removeItem(full(key)));
  }

  /** The keys that begin with `start`, without the prefix. */
  function keys(start) {
    const all = [...(attempt(() => Object.keys(area())) ?? []), ...fallback.keys()];
    return all.filter((key) => key.startsWith(full(start))).map((key) => key.slice(prefix.length + 1));
  }

  /** Calls `changed(key)` when another tab changed something; everything may have changed where key is null. */
  function watch(changed, signal) {
    const heard = (event) => {
      if (event.key === null) changed(null);
      else if (event.key.startsWith(full(""))) changed(event.key.slice(prefix.length + 1));
    };
    window.addEventListener("storage", heard, { signal });
  }

  return { get, set, remove, keys, watch };
}

function attempt(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}
