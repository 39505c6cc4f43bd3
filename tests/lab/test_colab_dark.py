"""Widgets on Colab's dark page: only Colab's own variables are set, and every word reads well on its ground."""

from __future__ import annotations

import pytest

from utils import attention_demo, broadcasting, divergences, linear_map_explorer, playground, race
from utils.widgets.modules import module_text, style_text

TEXTS = {"caption": "What to try here.", "alt": "What the picture shows to a reader."}
MAKERS = [race, broadcasting, linear_map_explorer, divergences, playground, attention_demo]
PAGE = """<html style="--colab-primary-surface-color:#383838;--colab-primary-text-color:#d5d5d5;
--colab-secondary-text-color:#aaaaaa;--colab-border-color:#5f6368;background:#383838;color:#d5d5d5">
<style>%s</style><div id="output-area"></div></html>"""
RENDER = """async ([code, state]) => {
  const module = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  const el = document.createElement("div");
  document.querySelector("#output-area").append(el);
  const model = { get: (key) => state[key], set: (key, value) => (state[key] = value),
    save_changes() {}, on() {}, off() {} };
  module.default.render({ model, el });
}"""
# Contrast of every text with the nearest opaque ground (WCAG 2), by element; the second value counts the texts.
CONTRAST = """() => {
  const light = (rgb) => rgb.map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (name) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = name;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const color = rgba(getComputedStyle(node).backgroundColor);
      if (color[3] > 200) return color.slice(0, 3);
    }
    throw new Error("no ground");
  };
  const found = [];
  let count = 0;
  for (const node of document.querySelectorAll(".bw *")) {
    const text = [...node.childNodes].filter((one) => one.nodeType === 3).map((one) => one.data.trim()).join("");
    const style = getComputedStyle(node);
    if (!text || !node.getClientRects().length || style.visibility === "hidden") continue;
    if (node.closest(".bw-spoken, option")) continue;
    count += 1;
    const ink = rgba(node.ownerSVGElement ? style.fill : style.color).slice(0, 3);
    const [low, high] = [light(ink), light(ground(node.ownerSVGElement ?? node))].sort((a, b) => a - b);
    if ((high + 0.05) / (low + 0.05) < 4.5) found.push(`${text} ${((high + 0.05) / (low + 0.05)).toFixed(2)}`);
  }
  return [found, count];
}"""


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_every_word_reads_well(chromium, make):
    widget = make() if make is attention_demo else make(**TEXTS)
    page = chromium.new_page(viewport={"width": 900, "height": 900})
    page.set_content(PAGE % style_text(widget.name))
    page.evaluate(RENDER, [module_text(widget.name), widget.page_state()])
    page.wait_for_function("() => document.querySelector('.bw-readout').textContent")
    faint, count = page.evaluate(CONTRAST)
    assert count > 15
    assert faint == []
    controls = page.evaluate(
        "() => [...document.querySelectorAll('.bw select, .bw-button')]"
        ".map((one) => getComputedStyle(one).backgroundColor)"
    )
    assert set(controls) == {"rgb(56, 56, 56)"}
    page.close()
