"""The widget host: a good widget comes alive, a faulty one keeps its picture and says one sentence."""

from __future__ import annotations

import json

import pytest
from site_tools import ROOT, serve

GOOD = """export default { render({ model, el }) {
  const input = document.createElement("input");
  Object.assign(input, { type: "range", min: 0, max: 9, value: model.get("k") });
  const out = document.createElement("output");
  const draw = () => { out.textContent = `k = ${model.get("k")}`; };
  model.on("change:k", draw);
  input.addEventListener("input", () => { model.set("k", Number(input.value)); model.save_changes(); });
  el.append(input, out);
  draw();
} };"""
POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:"


def widget(id: str, name: str, state: str | None, extra: str = "") -> str:
    script = f'<script type="application/json">{state}</script>' if state is not None else ""
    figure = '<figure class="book-figure"><img alt="A picture" src="data:," width="9" height="9"></figure>'
    return f'<div class="book-widget" id="{id}" data-widget="{name}"{extra}>{script}{figure}</div>'


@pytest.fixture
def page(tmp_path, open_page):
    static = tmp_path / "_static"
    (static / "widgets").mkdir(parents=True)
    (static / "host.js").write_bytes((ROOT / "book" / "theme" / "static" / "host.js").read_bytes())
    (static / "widgets" / "good.mjs").write_text(GOOD)
    (static / "widgets" / "named.mjs").write_text(
        "export const render = ({ model, el }) => { el.textContent = model.get('a'); };"
    )
    (static / "widgets" / "throws.mjs").write_text(
        "export function render({ el }) { el.textContent = 'half'; throw new Error('boom'); }"
    )
    (static / "widgets" / "empty.mjs").write_text("export const nothing = 1;")
    (static / "widgets" / "widget.css").write_text("")
    (static / "state.json").write_text(json.dumps({"a": "from a file"}))
    body = "".join(
        [
            widget("sound", "good", '{"k": 3}'),
            widget("filed", "named", None, ' data-state-src="_static/state.json"'),
            widget("corrupt", "good", "{corrupt"),
            widget("throwing", "throws", "{}"),
            widget("missing", "nowhere", "{}"),
            widget("empty", "empty", "{}"),
            widget("escaping", "../evil", "{}"),
            widget("stateless", "named", None, ' data-state-src="_static/gone.json"'),
            '<div style="height:4000px"></div>',
            widget("far", "good", '{"k": 5}'),
        ]
    )
    (tmp_path / "index.html").write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<script type="module" src="_static/host.js"></script>{body}'
    )
    server, address = serve(tmp_path)
    page, _ = open_page("index.html", base=address)
    page.wait_for_function("() => document.querySelectorAll('[data-live]').length === 8")
    yield page
    server.shutdown()


def test_faults_keep_the_picture_and_the_others_go_on(page):
    live = dict(page.eval_on_selector_all("[data-live]", "(all) => all.map((w) => [w.id, w.dataset.live])"))
    assert {name for name, state in live.items() if state == "true"} == {"sound", "filed"}
    for name in set(live) - {"sound", "filed"}:
        box = page.locator(f"#{name}")
        assert box.locator("figure img").count() == 1, name
        assert box.locator("[role=status]").count() == 1, name
        assert box.locator(".book-stage").count() == 0, name


def test_a_widget_answers_to_the_keyboard_from_stored_state(page):
    good = page.locator("#sound")
    assert good.locator("figure").count() == 0
    good.locator("input").focus()
    page.keyboard.press("ArrowRight")
    assert good.locator("output").inner_text() == "k = 4"
    assert page.locator("#filed").inner_text() == "from a file"


def test_a_widget_starts_only_near_the_viewport(page):
    far = page.locator("[data-widget]").last
    assert far.get_attribute("data-live") is None
    far.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelectorAll('[data-live=true]').length === 3")
