/* The glossary's field: narrows the list while the reader types, in English, Chinese or pinyin without its tones. */
const plain = (text) => text.normalize("NFD").replace(/\p{Mark}/gu, "").toLowerCase();
const page = document.querySelector(".text > section");
const terms = [...page.querySelectorAll("dt")].map((dt) => {
  const parts = [dt];
  for (let next = dt.nextElementSibling; next?.tagName === "DD"; next = next.nextElementSibling) parts.push(next);
  const spelled = plain(dt.querySelector(".pinyin")?.textContent ?? "");
  return { parts, name: plain(dt.textContent), all: `${plain(parts.map((part) => part.textContent).join(" "))} ${spelled.replace(/[\s'-]/g, "")}` };
});
const letters = [...page.querySelectorAll(":scope > section")];

const field = page.querySelector(".find-term input");
const count = page.querySelector(".find-term [role=status]");

function narrow() {
  const query = plain(field.value.trim());
  const inNames = query && terms.some((term) => term.name.includes(query));
  let found = 0;
  for (const { parts, name, all } of terms) {
    // A definition that mentions the word counts where no term is called so.
    const hit = !query || (inNames ? name : all).includes(query);
    found += hit;
    for (const part of parts) part.hidden = !hit;
  }
  for (const letter of letters) letter.hidden = !letter.querySelector("dt:not([hidden])");
  count.textContent = query ? `${found} ${found === 1 ? "term" : "terms"}` : "";
}
field.addEventListener("input", narrow);
