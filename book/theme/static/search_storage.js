/* Stands before Sphinx's scripts. They keep a reader's words to mark them on the page that is opened next, which this
   theme's pages don't do; where storage is refused, that stopped the search. This name, theirs alone, keeps nothing. */
const localStorage = { getItem: () => null, setItem() {}, removeItem() {} };
