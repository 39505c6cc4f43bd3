/* Sphinx's excerpts take every formula three times (as TeX, as MathML, as drawn) and the page's furniture with it. */
Search.htmlToText = (html) => {
  const main = new DOMParser().parseFromString(html, "text/html").querySelector("main .text");
  if (!main) return "";
  for (const noise of main.querySelectorAll("script, style, annotation, .katex-html, .highlight")) noise.remove();
  return main.textContent.replace(/\s+/g, " ");
};
