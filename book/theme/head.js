/* Stands in the head of every page (bookext/inline.py): the page must know its colors before it is first painted. */
(function () {
  "use strict";
  var root = document.documentElement;
  var system = matchMedia("(prefers-color-scheme: dark)");
  function choice() {
    // Storage throws where a reader has forbidden it.
    try { return localStorage.getItem("book-theme") || "auto"; } catch (error) { return "auto"; }
  }
  function apply(value) {
    root.dataset.themeChoice = value;
    root.dataset.theme = value === "auto" ? (system.matches ? "dark" : "light") : value;
    dispatchEvent(new CustomEvent("book-theme", { detail: root.dataset.theme }));
  }
  system.addEventListener("change", function () { apply(choice()); });
  addEventListener("storage", function (event) { if (event.key === "book-theme") apply(choice()); });
  addEventListener("book-theme-choose", function (event) {
    try { localStorage.setItem("book-theme", event.detail); } catch (error) { /* lasts for this page */ }
    apply(event.detail);
  });
  apply(choice());
  // Until book.js says that the first screen is painted, the rest of the page waits; a link into it can't.
  if (!location.hash) root.classList.add("first-paint");
})();
