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

/* The book is written in half width and in simplified characters. */
const asWritten = (query) => query.normalize("NFKC").trim().replace(/\p{Script=Han}/gu, (character) => SIMPLIFIED[character] ?? character);

/* Pinyin, as it is typed: without tones, with or without spaces, v for ü. */
function fromPinyin(query) {
  if (!/^[\p{Script=Latin}\p{Mark}\s'’-]+$/u.test(query)) return null;
  const letters = query.toLowerCase().normalize("NFD").replace(/[^a-z]/g, "");
  return SPELLED[letters] ?? SPELLED[letters.replaceAll("v", "u")] ?? null;
}

/* A word that the book has is what it seems; only where nothing is found, or with its tones or several
   syllables apart, is it pinyin. */
const search = Search.query;
Search.query = (typed) => {
  const query = asWritten(typed);
  const chinese = fromPinyin(query);
  const spelt = /[\p{Mark}\s]/u.test(query.normalize("NFD"));
  const found = () => Search._performSearch(...Search._parseQuery(query)).length;
  search(chinese && (spelt || !found()) ? chinese : query);
};
