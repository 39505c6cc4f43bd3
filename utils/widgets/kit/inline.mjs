// A figure of matplotlib drawn into the page, where its ids and its style sheet would meet those of other figures.
import { make, uniqueId } from "./dom.mjs";

// The figure as an element as wide as its place. Call it anew for every place it stands in.
export function inlineFigure(svg) {
  const prefix = `${uniqueId("fig")}-`;
  const box = make("div");
  // Its sheet speaks of "*", which in a page is everything: the two rules go to the figure itself.
  box.innerHTML = svg.replace(/<style\b[^>]*>[^]*?<\/style>/g, "").replace(/(\bid="|url\(#|href="#)/g, `$1${prefix}`);
  const node = box.firstElementChild;
  Object.assign(node.style, { strokeLinejoin: "round", strokeLinecap: "butt" });
  node.removeAttribute("height");
  node.setAttribute("width", "100%");
  return node;
}
