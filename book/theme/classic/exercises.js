/* Exercises that a page checks by itself: a value is typed, read and judged here, with no kernel and no network.
   `read` and `judge` follow utils/forms.py and utils/answers.py to the letter; tests/site/test_exercises.py holds
   them against each other. A wrong answer gets a direction or the reason of a known slip, never the value. */

const SPACE = "[ \u00a0\u2009\u202f]";
const NUMBER = String.raw`\d+(?:[.,]\d*)?(?:[eE][+-]?\d+)?|[.,]\d+(?:[eE][+-]?\d+)?`;
const ANSWER = new RegExp(`^([+-]?)(${NUMBER})(?:/(${NUMBER}))?$`);

/** The number that a reader has typed, or an Error whose message is for the reader. */
export function read(text) {
  let short = text.trim().replace(new RegExp(`(\\d)${SPACE}+(?=\\d)`, "g"), "$1");
  short = short.replaceAll("\u2212", "-").replace(/\s*([/+-])\s*/g, "$1");
  if (!short) throw Error("give a number");
  if (short.includes("%")) throw Error("write a percentage as a number: 0.05 for 5 %");
  if (/[πτ√^]|\b(?:pi|sqrt|exp|log|ln)\b|\*/.test(short)) {
    throw Error("write the number itself in digits: formulas are not read");
  }
  if (/^(?:[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|[+-]?\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?)$/.test(short)) {
    throw Error("write the number without separators of thousands");
  }
  const found = ANSWER.exec(short);
  if (!found) throw Error("this is not a number: digits, a point, a fraction such as 1/3, or 1e-3");
  const [, sign, above, below] = found;
  let number = Number(above.replace(",", "."));
  if (below !== undefined) {
    const divisor = Number(below.replace(",", "."));
    if (divisor === 0) throw Error("the denominator is zero");
    number /= divisor;
  }
  if (!Number.isFinite(number)) throw Error("this number is too large");
  return sign === "-" ? -number : number;
}

const near = (a, b, allowed) => a.every((x, i) => x === b[i] || Math.abs(x - b[i]) <= allowed[i]);
const word = (text) => text.trim().toLowerCase();

/** {state: "open" | "right" | "wrong", message, field}: what is said of the texts typed; `field` is the one at fault. */
export function judge(form, texts) {
  const empty = texts.findIndex((text) => !text.trim());
  if (empty >= 0) return { state: "open", message: "Not answered yet.", field: empty };
  if (form.kind !== "numbers") {
    const slip = form.slips.find(([answer]) => word(answer) === word(texts[0]));
    if (word(texts[0]) === word(form.expected)) return { state: "right", message: "Right.", field: -1 };
    return { state: "wrong", message: slip ? `Not this: ${slip[1]}.` : "Not this.", field: 0 };
  }
  const numbers = [];
  for (const [at, text] of texts.entries()) {
    try {
      numbers.push(read(text));
    } catch (error) {
      return { state: "wrong", message: `${text.trim()}: ${error.message}.`, field: at, unread: true };
    }
  }
  if (near(numbers, form.expected, form.allowed)) return { state: "right", message: "Right.", field: -1 };
  const at = numbers.findIndex((x, i) => !near([x], [form.expected[i]], [form.allowed[i]]));
  const which = numbers.length > 1 ? `${form.fields[at]}: ` : "";
  const slip = form.slips.find(([answer, , allowed]) => near(numbers, answer, allowed));
  if (slip) return { state: "wrong", message: `Not ${texts.map((text) => text.trim()).join(", ")}: ${slip[1]}.`, field: at };
  const rounded = [...Array(Math.max(0, (form.decimals ?? 0) - 1)).keys()].some(
    (d) => numbers[at] === Number(form.expected[at].toFixed(d + 1)),
  );
  if (rounded) return { state: "wrong", message: `${which}give ${form.asks}.`, field: at };
  const side = numbers[at] > form.expected[at] ? "large" : "small";
  return { state: "wrong", message: `${which}${texts[at].trim()} is too ${side}.`, field: at };
}

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

function fieldsOf(form, id) {
  if (form.kind === "choice") {
    const radios = form.choices.map((value) => {
      const input = make("input", { type: "radio", name: id, value });
      return make("label", {}, input, ` ${value}`);
    });
    const group = make("fieldset", {}, make("legend", { textContent: form.fields[0] }), ...radios);
    return { shown: [group], texts: () => [group.querySelector(":checked")?.value ?? ""], inputs: [group.querySelector("input")] };
  }
  const inputs = form.fields.map((_, i) =>
    make("input", { type: "text", id: `${id}-${i}`, autocomplete: "off", spellcheck: false }));
  const shown = inputs.map((input, i) =>
    make("span", { className: "field" }, make("label", { htmlFor: input.id, textContent: form.fields[i] }), input));
  return { shown, texts: () => inputs.map((input) => input.value), inputs };
}

/** Put the form of one exercise in the place of its attempt's code. */
function enhance(box, at) {
  const form = JSON.parse(box.querySelector("script").textContent);
  const id = `answer-${at}`;
  const { shown, texts, inputs } = fieldsOf(form, id);
  const said = make("output", { id: `${id}-said` });
  said.setAttribute("aria-live", "polite");
  const button = make("button", { type: "submit", textContent: "Check" });
  const asks = form.asks ? [make("span", { className: "asks", textContent: `Give ${form.asks}.` })] : [];
  const element = make("form", { noValidate: true }, ...shown, button, ...asks, said);
  element.setAttribute("aria-label", box.dataset.title);
  let tries = 0;
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    const { state, message, field, unread } = judge(form, texts());
    box.dataset.state = state;
    said.textContent = message;
    if (state === "right") window.bookProgress?.keep("solved", box.dataset.exercise);
    for (const [i, input] of inputs.entries()) {
      if (i === field) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
      input.setAttribute("aria-describedby", said.id);
    }
    if (field >= 0) inputs[Math.min(field, inputs.length - 1)].focus();
    if (state === "wrong" && !unread && (tries += 1) === 2) {
      const folds = [...(box.closest("section")?.querySelectorAll("details") ?? [])];
      const hint = folds.find((fold) => fold.querySelector("summary")?.textContent.trim() === "Hint");
      if (hint && !hint.open) {
        hint.open = true;
        said.textContent += " The hint above is open now.";
      }
    }
  });
  if (window.bookProgress?.has("solved", box.dataset.exercise)) {
    box.dataset.solved = "";
    said.before(make("span", { className: "asks", textContent: "✓ You have solved this before." }));
  }
  box.append(element);
  box.hidden = false;
  box.closest(".cell")?.classList.add("asks-here");
}

function style() {
  const href = document.currentScript?.dataset.style;
  if (href) document.head.append(make("link", { rel: "stylesheet", href }));
}

const boxes = typeof document === "undefined" ? [] : [...document.querySelectorAll(".book-form[data-exercise]")];
if (boxes.length) style();
boxes.forEach(enhance);
