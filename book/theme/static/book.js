/* What a page does beside its text: theme switch, chapter menu, "on this page", copy buttons. */
const root = document.documentElement;
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// --- Theme: auto, light, dark; head.js applies it, this button chooses.
const THEMES = ["auto", "light", "dark"];
const themeButton = document.querySelector("[data-theme-switch]");
function nameTheme() {
  const now = root.dataset.themeChoice;
  themeButton.textContent = now[0].toUpperCase() + now.slice(1);
  themeButton.dataset.now = now;
  themeButton.title = `Theme: ${now}. Press for ${THEMES[(THEMES.indexOf(now) + 1) % 3]}.`;
}
themeButton.hidden = false;
themeButton.addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(root.dataset.themeChoice) + 1) % 3];
  dispatchEvent(new CustomEvent("book-theme-choose", { detail: next }));
  nameTheme();
});
addEventListener("book-theme", nameTheme);
nameTheme();

// --- Chapter menu on narrow screens: the summary opens the navigation, which comes after it in the page.
const menu = document.querySelector("[data-menu]");
const chapters = document.getElementById("chapters");
menu.addEventListener("toggle", () => {
  root.classList.toggle("menu-open", menu.open);
  if (menu.open) chapters.querySelector('[aria-current="page"], a')?.focus({ preventScroll: true });
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && menu.open) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
  const typing = event.target.closest?.("input, textarea, select, [contenteditable], .book-widget");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    const field = document.querySelector(".find input, .find-page input");
    if (field) { event.preventDefault(); field.focus(); }
  }
});

// --- On this page: mark the section at the top of the screen.
const links = new Map(all(".on-page a[href^='#']").map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
const sections = [...links.keys()].map((id) => id && document.getElementById(id)).filter(Boolean);
let marked = null;
function spy() {
  const edge = 120;
  let here = null;
  for (const section of sections) {
    if (section.getBoundingClientRect().top > edge) break; // those after it stand lower
    here = section;
  }
  const link = here && links.get(here.id);
  if (link === marked) return;
  marked?.removeAttribute("aria-current");
  link?.setAttribute("aria-current", "true");
  marked = link;
}
if (sections.length) {
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; spy(); });
  }, { passive: true });
}
// Asking where things stand makes the browser lay the page out, so that waits until the first paint is on the screen
// and the browser has nothing else to do; until then the sections far below have no layout at all. A page opened in a
// tab behind is painted when it is looked at.
function reveal() {
  root.classList.remove("first-paint");
  chapters.querySelector('[aria-current="page"]')?.scrollIntoView({ block: "nearest" });
  if (sections.length) spy();
}
const whenIdle = window.requestIdleCallback ?? setTimeout;
if (window.PerformanceObserver?.supportedEntryTypes?.includes("paint")) {
  new PerformanceObserver((_, observer) => {
    observer.disconnect();
    whenIdle(reveal);
  }).observe({ type: "paint", buffered: true });
} else {
  requestAnimationFrame(() => whenIdle(reveal));
}
root.dataset.reveals = ""; // head.js need not

// --- Report a mistake: the form is told which section is on the screen.
document.querySelector(".on-page .report")?.addEventListener("click", ({ currentTarget: link }) => {
  const address = new URL(link.href);
  if (marked) address.searchParams.set("section", marked.textContent.trim());
  link.href = address;
});

// --- Copy buttons on code.
for (const pre of all("div.highlight > pre")) {
  if (!navigator.clipboard || pre.closest(".cell_output")) continue;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "copy", textContent: "Copy" });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(pre.innerText);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  });
  pre.parentElement.append(button);
}

// --- A copied formula is its TeX, once. It stands in the page twice, as MathML for screen readers and as drawn.
document.addEventListener("copy", (event) => {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return;
  const range = selection.getRangeAt(0).cloneRange();
  const formula = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest(".katex");
  const [first, last] = [formula(range.startContainer), formula(range.endContainer)];
  if (first) range.setStartBefore(first); // half a formula is none
  if (last) range.setEndAfter(last);
  const copied = document.createElement("div");
  copied.append(range.cloneContents());
  const formulas = all(".katex", copied);
  if (!formulas.length) return;
  for (const katex of formulas) {
    const tex = katex.querySelector("annotation").textContent;
    const display = katex.closest(".katex-display");
    (display ?? katex).replaceWith(display ? `$$${tex}$$` : `$${tex}$`);
  }
  // Lines break where they break on the screen: the browser knows once it stands in the page, out of sight.
  copied.className = "copied";
  document.querySelector(".text").append(copied);
  event.clipboardData.setData("text/plain", copied.innerText);
  copied.remove();
  copied.removeAttribute("class");
  event.clipboardData.setData("text/html", copied.innerHTML);
  event.preventDefault();
});

// --- What scrolls sideways must be reachable by keyboard; what doesn't shouldn't be a stop.
function reach(boxes) {
  const scrolls = boxes.map((box) => box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible");
  boxes.forEach((box, i) => {
    if (scrolls[i]) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  });
}
const resized = new ResizeObserver((entries) => reach(entries.map((entry) => entry.target)));
const scrollers = all("pre, .table-frame, .katex-display, .cell_output");
for (const box of scrollers) resized.observe(box);
// A font that arrives late widens what is in a box, not the box.
document.fonts.addEventListener("loadingdone", () => reach(scrollers));

// A link into a closed solution opens it.
function openTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let box = target; box; box = box.parentElement) if (box.tagName === "DETAILS") box.open = true;
}
addEventListener("hashchange", openTarget);
openTarget();
