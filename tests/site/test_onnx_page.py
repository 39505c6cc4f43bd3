"""A trained model in the page: the same numbers as torch, and one sentence for whatever keeps it from running."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from site_tools import ROOT, Watch, serve, unavailable

torch = pytest.importorskip("torch")
PageTimeout = pytest.importorskip("playwright.sync_api").TimeoutError
pytest.importorskip("onnxscript", reason="exports need the packages onnx and onnxscript")
sys.path.insert(0, str(ROOT / "book" / "_ext"))
assets = pytest.importorskip("bookext.assets", reason="the site's packages are not installed")
inline = pytest.importorskip("bookext.inline", reason="the site's packages are not installed")

from utils.widgets import draw_digit as digits  # noqa: E402
from utils.widgets.modules import module_text  # noqa: E402

GOOD = 'export default { render({ el }) { el.textContent = "alive"; } };'
# A page with a kernel behind it: save_changes asks Python, whose answer comes as a change of the model.
LIVE = """
import widget from "./widgets/draw_digit.mjs";
const state = { ...await (await fetch("../state.json")).json(), live: true };
const calls = new Map();
const model = {
  get: (key) => state[key],
  set: (key, value) => { state[key] = value; },
  async save_changes() {
    state.answer = JSON.parse(await window.askPython(JSON.stringify(state.request)));
    calls.get("change:answer")?.();
  },
  on: (name, call) => calls.set(name, call),
  off: (name) => calls.delete(name),
};
widget.render({ model, el: document.querySelector("#stage") });
"""
LOGITS = ".bw-digit[data-logits]"


@pytest.fixture(scope="module")
def widget():
    torch.manual_seed(0)
    nn = torch.nn
    net = nn.Sequential(
        nn.Conv2d(1, 4, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4 * 196, 10)
    )
    words = {"caption": "Draw a digit.", "alt": "A digit, its saliency, ten bars and feature maps."}
    return digits.draw_digit(net, examples=torch.rand(2, 28, 28), **words)


@pytest.fixture(scope="module")
def folder(widget, tmp_path_factory):
    if not assets.ORT.is_dir():
        unavailable("onnxruntime-web is not installed; run 'npm ci'")
    folder = tmp_path_factory.mktemp("onnx")
    static = folder / "_static"
    (static / "widgets").mkdir(parents=True)
    assets.copy_ort(static)
    (static / "host.js").write_bytes((ROOT / "book" / "theme" / "static" / "host.js").read_bytes())
    (static / "widgets" / "draw_digit.mjs").write_text(module_text("draw_digit"), "utf8")
    (static / "widgets" / "good.mjs").write_text(GOOD)
    css = [ROOT / "utils/widgets/widget.css", ROOT / "utils/widgets/css/draw_digit.css"]
    (static / "widgets" / "widget.css").write_text("".join(path.read_text("utf8") for path in css))
    (static / "live.mjs").write_text(LIVE)
    (folder / "state.json").write_text(json.dumps(widget.page_state()))
    head = (
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Model</title>'
        '<link rel="icon" href="data:,">'
        f'<meta http-equiv="Content-Security-Policy" content="{inline.policy()}">'
        '<meta name="viewport" content="width=device-width">'
    )
    host = '<script type="module" src="_static/host.js"></script>'
    html = widget.page_html()
    other = '<div class="book-widget" data-widget="good"><script type="application/json">{}</script></div>'
    corrupt = {
        "index": html,
        "truncated": html.replace(widget.onnx, widget.onnx[: len(widget.onnx) // 8 * 4]),
        "not_base64": html.replace(widget.onnx, "?" + widget.onnx),
    }
    for name, one in corrupt.items():
        page = f"{head}{host}<main><h1>Model</h1>{one}{other}</main>"
        (folder / f"{name}.html").write_text(page, "utf8")
    style = '<link rel="stylesheet" href="_static/widgets/widget.css">'
    live = f'{head}{style}<main><h1>Model</h1><div id="stage"></div></main>'
    (folder / "live.html").write_text(live + '<script type="module" src="_static/live.mjs"></script>', "utf8")
    return folder


@pytest.fixture(scope="module")
def address(folder):
    server, address = serve(folder)
    yield address
    server.shutdown()


@pytest.fixture
def open_(browser, address):
    """open_(name, prepare) -> (page, watch), with the start button in view where the page has one."""
    contexts = []

    def open_one(name: str = "index", prepare=lambda page: None, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        watch = Watch(page, address)
        prepare(page)
        page.goto(f"{address}{name}.html")
        page.wait_for_selector(".bw-start button" if name != "live" else LOGITS)
        return page, watch

    yield open_one
    for context in contexts:
        context.close()


def page_logits(page) -> np.ndarray:
    return np.array(page.get_attribute(".bw-digit", "data-logits").split(), float)


def torch_logits(widget, x: np.ndarray) -> np.ndarray:
    return widget.run_model(torch.from_numpy(x.reshape(1, 1, 28, 28)).float())["logits"][0]


def expect_logits(page, wanted: np.ndarray) -> None:
    """Waits for the page's answer to the last question; it must be torch's."""
    try:
        page.wait_for_function(
            """(wanted) => document.querySelector(".bw-digit").dataset.logits.split(" ")
                 .every((value, i) => Math.abs(value - wanted[i]) <= 1e-4)""",
            arg=wanted.tolist(),
        )
    except PageTimeout:
        np.testing.assert_allclose(page_logits(page), wanted, atol=1e-4)
        raise


def draw_with_keys(page) -> list:
    """A stroke by keyboard, and the same stroke in pixels."""
    page.focus(".bw-pad")
    page.keyboard.press("Space")
    for key in ["ArrowDown"] * 6 + ["ArrowRight"] * 3:
        page.keyboard.press(key)
    page.keyboard.press("Space")
    return [[(14.0, 7.0 + i) for i in range(7)] + [(14.0 + i, 13.0) for i in (1, 2, 3)]]


def check_answers(page, widget) -> None:
    expect_logits(page, torch_logits(widget, widget.picture(0)))
    strokes = draw_with_keys(page)
    x = np.maximum(widget.picture(0), digits.render_strokes(strokes))
    expect_logits(page, torch_logits(widget, x))
    page.get_by_role("button", name="Clear").click()
    page.keyboard.press("Tab")
    page.locator(".bw-pad").focus()
    page.keyboard.press("Space")  # the pen stands where the stroke ended
    for _ in range(5):
        page.keyboard.press("ArrowUp")
    alone = digits.prepare_digit([[(17.0, 13.0 - i) for i in range(6)]])
    expect_logits(page, torch_logits(widget, alone))
    verdict = torch_logits(widget, alone).argmax()
    assert f"reads {verdict} (" in page.inner_text(".bw-readout")


def test_the_page_answers_as_torch(open_, widget):
    fetched = []
    page, watch = open_(prepare=lambda page: page.on("request", lambda r: fetched.append(r.url)))
    assert page.locator(".bw-start img").get_attribute("alt") == widget.alt
    assert not [url for url in fetched if "/ort/" in url]  # nothing before the reader asks for it
    page.focus(".bw-start button")
    page.keyboard.press("Enter")
    page.wait_for_selector(LOGITS)
    assert len([url for url in fetched if "/ort/" in url]) == 2
    assert page.evaluate("document.activeElement.className") == "bw-pad"
    check_answers(page, widget)
    page.get_by_role("button", name="Attack").click()
    page.wait_for_function(
        "() => document.querySelector('.bw-readout').textContent.includes('after the step')"
    )
    assert "after the attack" in page.get_attribute(".bw-digit-bars", "aria-label")
    assert not watch.faults


def test_with_a_kernel_python_answers(open_, widget):
    def ask(request: str) -> str:
        widget.request = json.loads(request)
        return json.dumps(widget.answer)

    page, watch = open_("live", lambda page: page.expose_function("askPython", ask))
    check_answers(page, widget)
    assert not watch.faults


def test_a_touch_draws_and_a_phone_holds_it(open_):
    page, watch = open_(viewport={"width": 360, "height": 740}, has_touch=True)
    page.tap(".bw-start button")
    page.wait_for_selector(LOGITS)
    before = page.get_attribute(".bw-digit", "data-logits")
    box = page.locator(".bw-pad").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function("(old) => document.querySelector('.bw-digit').dataset.logits !== old", arg=before)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator(".bw-pad").bounding_box()["width"] >= 240
    assert not watch.faults


def gone(pattern: str):
    return lambda page: page.route(pattern, lambda route: route.fulfill(status=404))


def garbage(page) -> None:
    page.route("**/*.wasm.gz", lambda route: route.fulfill(status=200, body="<p>Not found</p>"))


def no_webassembly(page) -> None:
    page.add_init_script("delete globalThis.WebAssembly")


@pytest.mark.parametrize(
    ("name", "prepare", "sentence"),
    [
        ("index", gone("**/*.wasm.gz"), "did not arrive"),
        ("index", gone("**/ort.*.mjs"), "did not arrive"),
        ("index", garbage, "did not arrive"),
        ("index", no_webassembly, "WebAssembly is switched off"),
        ("truncated", lambda page: None, "is damaged"),
        ("not_base64", lambda page: None, "is damaged"),
    ],
    ids=["no wasm", "no script", "garbage for wasm", "WebAssembly off", "truncated model", "not base64"],
)
def test_a_fault_is_one_sentence_and_the_picture_stays(open_, widget, name, prepare, sentence):
    page, _ = open_(name, prepare)
    page.click(".bw-start button")
    note = page.locator(".bw-start [role=status]")
    page.wait_for_selector("button:has-text('Try again')")
    text = note.inner_text()
    assert sentence in text and text.count(". ") == 0 and text.endswith(".")
    assert page.locator(".bw-start img").is_visible()
    assert not page.locator(".bw-digit").is_visible()
    page.wait_for_selector("[data-widget=good]:has-text('alive')")  # its module arrives on its own time
    if "arrive" in sentence:  # back on line, the same button starts it
        page.unroute_all()
        page.get_by_role("button", name="Try again").click()
        page.wait_for_selector(LOGITS)
        expect_logits(page, torch_logits(widget, widget.picture(0)))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_axe_violation(open_, theme):
    axe = ROOT / "node_modules" / "axe-core" / "axe.min.js"
    page, _ = open_(bypass_csp=True)
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
    page.add_script_tag(path=str(axe))
    for start in (False, True):
        if start:
            page.click(".bw-start button")
            page.wait_for_selector(LOGITS)
            page.get_by_role("button", name="Attack").click()
        found = page.evaluate(
            "axe.run('main').then((r) => r.violations.map((v) => v.id + ': ' + v.nodes[0].html))"
        )
        assert not found
