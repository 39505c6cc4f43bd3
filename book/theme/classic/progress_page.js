/* The page "Your progress": what is kept, told notebook by notebook; to a file, from a file, forgotten. */
const { bookProgress } = window;
const box = document.querySelector("[data-progress]");
const said = box.querySelector("output");
const rows = [...document.querySelectorAll("tr[data-notebook]")];
const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;
const button = (textContent, onclick) => Object.assign(document.createElement("button"), { type: "button", textContent, onclick });

function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function show() {
  const record = bookProgress.all();
  const known = { solved: new Set(), asked: new Set(), read: new Set() };
  const sum = { solved: 0, asked: 0, read: 0 };
  for (const row of rows) {
    const { notebook } = row.dataset;
    const ids = (kind) => row.dataset[kind].split(" ").filter(Boolean).map((number) => `${notebook}#${number}`);
    for (const [kind, all, cell] of [["read", row.dataset.read ? [notebook] : [], 1], ["solved", ids("solved"), 2], ["asked", ids("asked"), 3]]) {
      const done = all.filter((id) => id in record[kind]).length;
      all.forEach((id) => known[kind].add(id));
      sum[kind] += done;
      row.cells[cell].textContent = kind === "read" ? (done ? "✓" : "") : all.length ? `${done} of ${all.length}` : "";
    }
  }
  const other = Object.keys(known).flatMap((kind) => Object.keys(record[kind]).filter((id) => !known[kind].has(id))).length;
  box.querySelector("[data-sum]").textContent =
    `${count(sum.read, "notebook")} read of ${known.read.size}, ${count(sum.solved, "exercise")} solved of ` +
    `${known.solved.size}, ${count(sum.asked, "prediction")} committed of ${known.asked.size}.` +
    (other ? ` ${count(other, "entry").replace("entrys", "entries")} for what this edition doesn't have, kept all the same.` : "");
  showAside();
}

/** What could not be read and was put aside: its reason, and two ways to be rid of it. */
function showAside() {
  const list = box.querySelector("[data-aside]");
  list.replaceChildren();
  let keys = [];
  try {
    keys = Object.keys(localStorage).filter((key) => key.startsWith(`${bookProgress.KEY}-aside-`)).sort();
  } catch { /* nothing is kept here */ }
  for (const key of keys) {
    const text = localStorage.getItem(key);
    let why;
    try {
      why = `${bookProgress.parse(text).odd} of its entries make no sense`;
    } catch (error) {
      why = error.message;
    }
    const item = document.createElement("li");
    item.append(`Put aside (${text.length} characters): ${why}. `, button("Save it to a file", () => save(text, `${key}.txt`)), " ",
      button("Delete it", () => { localStorage.removeItem(key); show(); said.textContent = "Deleted."; }));
    list.append(item);
  }
}

async function bring(file) {
  let read;
  try {
    if (file.size > 2e6) throw Error("it is larger than 2 MB");
    read = bookProgress.parse(await file.text());
  } catch (error) {
    said.textContent = `${file.name} was not taken: ${error.message}. Nothing has changed.`;
    return;
  }
  const total = (record) => ["solved", "asked", "read"].reduce((sum, kind) => sum + Object.keys(record[kind]).length, 0);
  const before = total(bookProgress.all());
  const kept = bookProgress.add(read.record);
  const more = total(bookProgress.all()) - before;
  said.textContent = `${file.name}: ${more} of its ${total(read.record)} entries were new.` +
    (read.odd ? ` ${read.odd} more made no sense and were left out.` : "") +
    (kept ? "" : " They hold until you leave this page: this browser keeps nothing.");
}

box.querySelector("[data-export]").onclick = () => {
  save(`${JSON.stringify(bookProgress.all(), null, 1)}\n`, "deep-learning-progress.json");
  said.textContent = "Saved as deep-learning-progress.json, where your browser puts downloads.";
};
const file = box.querySelector("input[type=file]");
file.onchange = async () => {
  if (file.files.length) await bring(file.files[0]);
  file.value = ""; // the same file can be brought in again
};
const forget = box.querySelector("[data-forget]");
forget.onclick = () => {
  if (forget.dataset.sure) {
    bookProgress.forget();
    said.textContent = "Forgotten.";
  }
  forget.textContent = forget.dataset.sure ? "Forget everything" : "Press again to forget everything";
  if (forget.dataset.sure) delete forget.dataset.sure;
  else forget.dataset.sure = "asked";
};
addEventListener("book-progress", show);
box.hidden = false;
show();
