// Drawings that know how wide they stand: text keeps its size on a phone, where a scaled drawing would shrink it.

// Calls draw(width in px) now and whenever the node's width changes. Returns a function that stops watching.
export function fitted(node, draw, { least = 280, fallback = 600 } = {}) {
  let width = 0;
  const look = () => {
    const next = Math.max(least, Math.floor(node.clientWidth) || width || fallback);
    if (Math.abs(next - width) < 3) return; // a scroll bar's flicker is no new layout
    width = next;
    draw(width);
  };
  const watch = new ResizeObserver(look);
  watch.observe(node);
  look();
  return () => watch.disconnect();
}
