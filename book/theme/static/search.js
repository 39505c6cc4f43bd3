/* Sphinx's excerpts take every formula three times (as TeX, as MathML, as drawn) and the page's furniture with it. */
Search.htmlToText = (html) => {
  const main = new DOMParser().parseFromString(html, "text/html").querySelector("main .text");
  if (!main) return "";
  for (const noise of main.querySelectorAll("script, style, annotation, .katex-html, .highlight")) noise.remove();
  return main.textContent.replace(/\s+/g, " ");
};

/* Names of terms are matched with the query as it was typed; split into words or pairs of characters, none is exact. */
const parseQuery = Search._parseQuery;
Search._parseQuery = (query) => {
  const parsed = parseQuery(query);
  parsed[4] = new Set([query.toLowerCase().trim()]);
  return parsed;
};
