"""One widget told in full: what its slider moves, reads out and says."""

from __future__ import annotations

import re

from operating import alive


def test_the_rank_slider_moves_the_picture_and_says_so(open_page):
    page, watch = open_page("chapters/01_linear_algebra/04_svd_and_image_compression.html")
    widget = alive(page).first
    slider = widget.get_by_role("slider", name="rank")
    before = widget.locator("img").get_attribute("src")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert widget.locator("img").get_attribute("src") != before
    assert re.match(r"rank 12: 5% of the numbers, error 12\.\d%", widget.locator(".bw-readout").inner_text())
    page.wait_for_timeout(500)  # a screen reader is told once the reader pauses
    assert "rank 12" in widget.get_by_role("status").inner_text()
    page.keyboard.press("End")
    assert "rank 255" in widget.locator(".bw-readout").inner_text()
    page.keyboard.press("Home")
    assert "rank 1:" in widget.locator(".bw-readout").inner_text()
    assert not watch.faults
