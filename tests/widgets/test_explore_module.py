"""The module of `explore` under Node with just enough of a page: what the sliders say, look up and ask for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from utils.widgets import module_text

# Elements that remember what was done to them, and a model that remembers what was set.
PAGE = """
class Element {
  constructor(tag) {
    Object.assign(this, { tag, attributes: {}, children: [], style: {}, listeners: {}, textContent: "" });
  }
  setAttribute(key, value) { this.attributes[key] = String(value); }
  removeAttribute(key) { delete this.attributes[key]; }
  append(...nodes) { this.children.push(...nodes); }
  replaceChildren(...nodes) { this.children = nodes; }
  addEventListener(kind, call) { this.listeners[kind] = call; }
  get firstElementChild() { return this.children[0]; }
  set innerHTML(html) {
    this.html = html;
    this.children = [new Element("svg")];
    this.children[0].setAttribute("height", 9);
  }
  all(tag) { return this.children.flatMap((c) => (c.all ? [...(c.tag === tag ? [c] : []), ...c.all(tag)] : [])); }
  querySelector(tag) { return this.all(tag)[0] ?? null; }
}
globalThis.document = { createElement: (tag) => new Element(tag) };
const model = (state) => ({
  state, saved: 0, calls: {},
  get(key) { return this.state[key]; },
  set(key, value) { this.state[key] = value; },
  save_changes() { this.saved += 1; },
  on(name, call) { this.calls[name] = call; },
  off(name, call) { if (this.calls[name] === call) delete this.calls[name]; },
  reply(value) { this.answer({ id: this.state.request.id, ...value }); },
  answer(value) { this.state.answer = value; this.calls["change:answer"](); },
});
const open = (state) => {
  const m = model({ width: 300, caption: "Try it.", alt: "A square.", ...state });
  const el = new Element("div");
  const close = widget.render({ model: m, el });
  const inputs = el.all("input");
  const readout = el.all("p").find((p) => p.attributes.class === "bw-readout");
  const move = (i, value) => { inputs[i].value = value; inputs[i].listeners.input(); };
  return { m, el, close, inputs, readout, move };
};
const grid = (name, stops, kind) => ({ name, label: name, stops, kind });
const named = (el) => el.all("label").map((l) => [l.all("span")[0].children[0], l.all("input").length]);
const frame = (text) => ({ src: `data:${text}`, text, size: [6, 4] });
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """run(script): what the script leaves in ``out``."""
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Node.js is missing, and CI has it")
        pytest.skip("Node.js is not installed")
    module = tmp_path_factory.mktemp("module") / "explore.mjs"
    module.write_text(module_text("explore"), encoding="utf-8")

    def start(script: str) -> dict:
        code = f'import widget from "{module.as_uri()}";\n{PAGE}\nconst out = {{}};\n{script}\n{END}'
        done = subprocess.run(
            [node, "--input-type=module", "-e", code], capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return start


# Timers that a widget has going would keep Node waiting.
END = "console.log(JSON.stringify(out)); process.exit(0);"

TWO = """
const state = (live) => ({
  live, index: [1, 0],
  grids: [grid("rank", [1, 2, 4], "integer"), grid("mode", ["flat", "round"], "choice")],
  frames: Object.fromEntries([0, 1, 2].flatMap((i) => [0, 1].map((j) => [`${i},${j}`, frame(`${i}-${j}`)]))),
});
"""


def test_it_starts_at_the_given_stops(run):
    out = run(
        TWO
        + "const w = open(state(false)); out.text = w.readout.textContent; out.src = w.el.all('img')[0].src;"
    )
    assert out == {"text": "rank 2, mode flat: 1-0", "src": "data:1-0"}


def test_a_moved_slider_shows_its_frame_and_says_its_value(run):
    out = run(
        TWO + "const w = open(state(false)); w.move(0, 2); w.move(1, 1);"
        "out.text = w.readout.textContent; out.src = w.el.all('img')[0].src; out.images = w.el.all('img').length;"
        "out.said = w.inputs.map((i) => i.attributes['aria-valuetext']); out.saved = w.m.saved;"
    )
    assert out == {
        "text": "rank 4, mode round: 2-1",
        "src": "data:2-1",
        "images": 1,
        "said": ["4", "round"],
        "saved": 0,
    }


def test_every_control_has_a_name_and_the_picture_its_text(run):
    out = run(
        TWO
        + "const w = open(state(false)); out.names = named(w.el); out.alt = w.el.all('img')[0].attributes.alt;"
        "out.spoken = w.el.all('p').filter((p) => p.attributes.role === 'status').length;"
    )
    assert out == {"names": [["rank", 1], ["mode", 1]], "alt": "A square.", "spoken": 1}


@pytest.mark.parametrize(("live", "steps"), [("true", ["0.125", "1"]), ("false", ["1", "1"])])
def test_only_with_a_kernel_numbers_move_between_stops(run, live, steps):
    out = run(TWO + f"const w = open(state({live})); out.steps = w.inputs.map((i) => i.attributes.step);")
    assert out["steps"] == steps


def test_between_stops_the_kernel_is_asked_and_its_answer_shown(run):
    out = run(
        TWO
        + "const w = open(state(true)); w.move(0, 1.5); out.request = w.m.state.request; out.saved = w.m.saved;"
        "out.waiting = w.readout.textContent; w.m.reply({ frame: frame('new') });"
        "out.text = w.readout.textContent;"
    )
    assert out["request"]["values"] == {"rank": 3, "mode": "flat"}
    assert out["saved"] == 1
    assert out["waiting"] == "rank 3, mode flat: drawing …"
    assert out["text"] == "rank 3, mode flat: new"


def test_a_late_answer_is_dropped_and_an_error_is_told(run):
    out = run(
        TWO + "const w = open(state(true)); w.move(0, 1.5); w.m.reply({ id: -1, frame: frame('late') });"
        "out.late = w.readout.textContent; w.m.reply({ error: 'ValueError: no' });"
        "out.text = w.readout.textContent;"
    )
    assert out["late"].endswith("drawing …")
    assert out["text"] == "rank 3, mode flat: ValueError: no"


def test_an_answer_after_the_reader_went_back_to_a_stop_is_dropped(run):
    out = run(
        TWO
        + "const w = open(state(true)); w.move(0, 1.5); w.move(0, 2); w.m.reply({ frame: frame('late') });"
        "out.text = w.readout.textContent;"
    )
    assert out["text"] == "rank 4, mode flat: 2-0"


def test_an_integer_that_rounds_to_a_stop_needs_no_kernel(run):
    out = run(
        TWO
        + "const w = open(state(true)); w.move(0, 1.125); out.text = w.readout.textContent; out.saved = w.m.saved;"
    )
    assert out == {"text": "rank 2, mode flat: 1-0", "saved": 0}


def test_a_figure_is_drawn_into_the_page(run):
    out = run(
        "const w = open({ live: false, index: [0], grids: [grid('rate', [0.1, 0.123456], 'number')],"
        "frames: { 0: { svg: '<svg></svg>', text: '' }, 1: { svg: '<svg></svg>', text: '' } } }); w.move(0, 1);"
        "out.svg = w.el.all('svg')[0].attributes;"
        "out.text = w.readout.textContent;"
    )
    assert out["svg"] == {"role": "img", "aria-label": "A square.", "width": "100%"}
    assert out["text"] == "rate 0.1235"


def test_it_stops_listening_when_it_is_taken_away(run):
    out = run(TWO + "const w = open(state(true)); w.close(); out.left = Object.keys(w.m.calls);")
    assert out["left"] == []


def test_what_was_measured_is_shown_and_spoken_without_its_marks(run):
    out = run(
        "globalThis.setTimeout = (call) => call();"
        "const w = open({ live: false, index: [0], grids: [grid('rate', [1, 2], 'integer')], caption: 'Push ⟨3⟩ up.',"
        "alt: 'A square, ⟨0.5⟩ gray.', frames: { 0: frame('off by ⟨0.82⟩, then ⟨7⟩'), 1: frame('plain') } });"
        "const shape = (node) => node.children.map((c) => (c.tag ? [c.tag, c.attributes.class, c.children[0]] : c));"
        "const byClass = (name) => w.el.all('p').find((p) => p.attributes.class === name);"
        "out.readout = shape(w.readout); out.spoken = byClass('bw-spoken').textContent;"
        "out.caption = shape(byClass('bw-caption')); out.alt = w.el.all('img')[0].attributes.alt;"
        "w.move(0, 1); out.next = w.readout.textContent;"
    )
    measured = ["span", "measured"]
    assert out == {
        "readout": ["rate 1: off by ", [*measured, "0.82"], ", then ", [*measured, "7"], ""],
        "spoken": "rate 1: off by 0.82, then 7",
        "caption": ["Push ", [*measured, "3"], " up."],
        "alt": "A square, 0.5 gray.",
        "next": "rate 2: plain",
    }
