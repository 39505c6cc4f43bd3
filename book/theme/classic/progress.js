/* What a reader has done, kept in this browser alone: exercises solved, predictions committed, notebooks read to their
   end, as {book, version, solved, asked, read}, each of the three {id: text}. Every write reads what is stored and
   adds to it, so that two tabs don't overwrite each other; what can't be read is put aside, never overwritten. */
const KEY = "book-progress";
const BOOK = "deep-learning-notebooks";
const VERSION = 1;
const KINDS = ["solved", "asked", "read"];
const ID = /^[\w./-]{1,150}(#\d{1,3})?$/;

const empty = () => ({ book: BOOK, version: VERSION, solved: {}, asked: {}, read: {} });
let mine = empty(); // what this page has added: all there is where nothing can be stored

/** {record, odd}: what a text holds, and how many of its entries make no sense. An Error says why it is none. */
export function parse(text) {
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    throw Error("it can't be read: it is cut off, or no JSON");
  }
  if (data?.book !== BOOK) throw Error("it isn't of this book");
  if (data.version !== VERSION) throw Error(`it is of version ${data.version}, this edition reads version ${VERSION}`);
  const record = empty();
  let odd = 0;
  for (const kind of KINDS) {
    for (const [id, said] of Object.entries(data[kind] ?? {})) {
      if (ID.test(id) && typeof said === "string" && said.length <= 300) record[kind][id] = said;
      else odd += 1;
    }
  }
  return { record, odd };
}

/** Both together; of two entries for one thing the first stands. */
export function merge(first, second) {
  const record = empty();
  for (const kind of KINDS) record[kind] = { ...second[kind], ...first[kind] };
  return record;
}

/** A notice that stays until it is closed; each is given once in a tab. */
function say(name, text) {
  try {
    if (window.sessionStorage.getItem(`${KEY}-${name}`)) return;
    window.sessionStorage.setItem(`${KEY}-${name}`, "said");
  } catch { /* then once a page */ }
  if (document.querySelector(`.progress-note[data-name="${name}"]`)) return;
  const note = document.createElement("div");
  note.className = "progress-note";
  note.dataset.name = name;
  note.setAttribute("role", "status");
  document.body.append(note);
  const close = document.createElement("button");
  Object.assign(close, { type: "button", textContent: "Close", onclick: () => note.remove() });
  setTimeout(() => note.append(text, " ", close)); // a text that comes into a status is read aloud
}

function aside(text, why) {
  const { localStorage } = window;
  let at = 1;
  while (![null, text].includes(localStorage.getItem(`${KEY}-aside-${at}`))) at += 1;
  localStorage.setItem(`${KEY}-aside-${at}`, text);
  say("aside", `The progress that this browser keeps could not be used: ${why}. It was put aside, see “Your progress”.`);
}

/** What is stored; throws where storage is refused, or too full to put aside what can't be read. */
function stored() {
  const text = window.localStorage.getItem(KEY);
  if (text === null) return empty();
  try {
    const { record, odd } = parse(text);
    if (odd) aside(text, `${odd} of its entries make no sense`);
    if (odd) window.localStorage.setItem(KEY, JSON.stringify(record));
    return record;
  } catch (error) {
    aside(text, error.message);
    window.localStorage.setItem(KEY, JSON.stringify(empty())); // removed, it would be forgotten in other tabs
    return empty();
  }
}

/** Has another tab, which wrote at the same moment, left out what this page has added? */
function overwritten() {
  try {
    const record = stored();
    return KINDS.some((kind) => Object.keys(mine[kind]).some((id) => !(id in record[kind])));
  } catch {
    return false;
  }
}

function all() {
  try {
    return merge(mine, stored());
  } catch {
    return mine;
  }
}

function write(loud) {
  try {
    window.localStorage.setItem(KEY, JSON.stringify(merge(mine, stored())));
    return true;
  } catch (error) {
    const why = error.name === "QuotaExceededError" ? "its storage is full" : "storage is switched off";
    if (loud) say("refused", `This browser keeps no progress (${why}): what you do here holds until you leave the page.`);
    return false;
  }
}

const today = () => new Date().toISOString().slice(0, 10);

/** Keep that something was done; the first time counts, unless what was kept then is worth nothing any more. */
function keep(kind, id, said = today(), anew = false) {
  if (id in all()[kind] && !anew) return;
  mine[kind][id] = said;
  write(kind !== "read");
  mark();
}

/** Add a record, such as an imported one; false where it can't be stored. */
function add(record) {
  mine = merge(all(), record);
  const kept = write(true);
  mark();
  return kept;
}

function forget() {
  mine = empty();
  try {
    for (const key of Object.keys(window.localStorage)) if (key.startsWith(KEY)) window.localStorage.removeItem(key);
    for (const key of Object.keys(window.sessionStorage)) if (key.startsWith(KEY)) window.sessionStorage.removeItem(key);
  } catch { /* nothing was kept */ }
  mark();
}

// --- Marks: in the navigation, on the chapters' map.
const begun = (record, notebook) => ["solved", "asked"].some((kind) =>
  Object.keys(record[kind]).some((id) => id.startsWith(`${notebook}#`)));

function mark() {
  const record = all();
  const root = new URL(document.documentElement.dataset.content_root, location.href).href;
  for (const link of document.querySelectorAll(".chapters a[href]")) {
    const name = link.href === `${location.href.split("#")[0]}#` || link.getAttribute("href") === "#"
      ? document.documentElement.dataset.notebook ?? "" : link.href.slice(root.length).replace(/\.html.*$/, "");
    const state = name in record.read ? "read" : begun(record, name) ? "begun" : "";
    link.querySelector(".mark")?.remove();
    if (!state) continue;
    const sign = document.createElement("span");
    Object.assign(sign, { className: "mark", title: state, textContent: state === "read" ? "✓" : "◐" });
    sign.setAttribute("role", "img");
    sign.setAttribute("aria-label", state);
    link.append(sign);
  }
  for (const item of document.querySelectorAll(".chapter-map [data-notebooks]")) {
    const names = item.dataset.notebooks.split(" ");
    const count = names.filter((name) => name in record.read).length;
    item.querySelector(".done")?.remove();
    const note = document.createElement("span");
    Object.assign(note, { className: "done", textContent: `${count} of ${names.length} read` });
    if (count) item.append(note);
  }
  dispatchEvent(new CustomEvent("book-progress"));
}

// --- A notebook is read when its end has stood on the screen for two seconds.
function watchEnd(notebook) {
  const end = document.querySelector("main > .foot");
  let timer = 0;
  new IntersectionObserver(([entry]) => {
    clearTimeout(timer);
    if (entry.isIntersecting) timer = setTimeout(() => document.visibilityState === "visible" && keep("read", notebook), 2000);
  }).observe(end);
}

if (typeof window !== "undefined") {
  window.bookProgress = {
    KEY, all, keep, add, forget, parse,
    said: (id) => all().asked[id],
    has: (kind, id) => id in all()[kind],
  };
  addEventListener("storage", (event) => {
    if (event.key !== KEY && event.key !== null) return;
    if (event.newValue === null) mine = empty(); // forgotten in another tab
    else if (overwritten()) write(false);
    mark();
  });
  (window.requestIdleCallback ?? setTimeout)(mark);
  addEventListener("pageshow", (event) => event.persisted && mark());
  const { notebook } = document.documentElement.dataset;
  if (notebook) watchEnd(notebook);
}
