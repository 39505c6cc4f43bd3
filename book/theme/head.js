/* Stands in the head of every page (bookext/inline.py): the page must know its colors before it is first painted. */
(function () {
  "use strict";
  var root = document.documentElement;
  var system = matchMedia("(prefers-color-scheme: dark)");
  function choice() {
    // Storage throws where a reader has forbidden it: what was chosen on this page holds then. (`window.`: the search
    // page has a localStorage of its own, see search_storage.js.)
    try { return window.localStorage.getItem("book-theme") || "auto"; } catch (error) { return root.dataset.themeChoice || "auto"; }
  }
  function apply(value) {
    root.dataset.themeChoice = value;
    root.dataset.theme = value === "auto" ? (system.matches ? "dark" : "light") : value;
    dispatchEvent(new CustomEvent("book-theme", { detail: root.dataset.theme }));
  }
  system.addEventListener("change", function () { apply(choice()); });
  addEventListener("storage", function (event) { if (event.key === "book-theme") apply(choice()); });
  // Back: the browser shows the page as it was left, and another may have been chosen since.
  addEventListener("pageshow", function (event) { if (event.persisted) apply(choice()); });
  addEventListener("book-theme-choose", function (event) {
    try { window.localStorage.setItem("book-theme", event.detail); } catch (error) { /* lasts for this page */ }
    apply(event.detail);
  });
  apply(choice());
  // Until book.js says that the first screen is painted, the rest of the page waits; a link into it can't. Where
  // book.js doesn't come (a page opened from a disk, modules blocked), the rest waits for the load and no longer.
  if (!location.hash) {
    root.classList.add("first-paint");
    addEventListener("load", function () { if (!root.dataset.reveals) root.classList.remove("first-paint"); });
  }
})();
