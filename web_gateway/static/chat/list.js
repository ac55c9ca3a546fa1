// Keeps a list of elements in step with a list of rows, touching only what differs.

/**
 * `show(rows)` makes the container's children match. `build(row, continues)` makes an item `{node, update(row)}`,
 * continues being true where the row named by `row.after` was shown until now and is replaced by this one.
 */
export function createList(container, build) {
  const items = new Map();

  return function show(rows) {
    const wanted = new Set(rows.map((row) => row.key));
    for (const row of rows) {
      if (!items.has(row.key)) items.set(row.key, build(row, items.has(row.after) && !wanted.has(row.after)));
    }
    for (const [key, item] of items) {
      if (wanted.has(key)) continue;
      item.node.remove();
      items.delete(key);
    }
    let place = container.firstChild;
    for (const row of rows) {
      const { node, update } = items.get(row.key);
      update(row);
      if (node === place) place = place.nextSibling;
      else container.insertBefore(node, place);
    }
  };
}
