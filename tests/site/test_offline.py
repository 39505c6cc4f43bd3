"""The offline copy: unpacked anywhere, served by its own command, alive with the network off."""

from __future__ import annotations

import subprocess
import sys
import zipfile

import pytest
from site_tools import Watch

from tools import offline

PAGE = "chapters/01_linear_algebra/04_svd_and_image_compression.html"


@pytest.fixture(scope="module")
def folder(site_dir, tmp_path_factory):
    work = tmp_path_factory.mktemp("stick")
    zipfile.ZipFile(offline.pack(site_dir, work / "book.zip")).extractall(work)
    return work / offline.NAME


@pytest.fixture
def offline_page(browser):
    """A page for a site of another address; that there is no network is the machine's doing (.ci/run)."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_served_by_its_own_command_it_is_alive(folder, offline_page):
    command = [sys.executable, str(folder / "read.py"), "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().split()[4]
        watch = Watch(offline_page, address)
        offline_page.goto(address + PAGE)
        offline_page.locator("[data-widget]").first.scroll_into_view_if_needed()
        offline_page.wait_for_selector("[data-widget][data-live=true]")
        offline_page.goto(address + "search.html?q=AdamW")
        offline_page.wait_for_selector("main li a")
        assert not watch.faults
    finally:
        server.terminate()


def test_opened_as_a_file_it_can_be_read(folder, offline_page):
    offline_page.goto((folder / "site" / PAGE).as_uri())
    assert offline_page.get_by_role("heading", level=1).inner_text() == "SVD and image compression"
    widget = offline_page.locator("[data-widget]").first
    widget.scroll_into_view_if_needed()
    assert widget.locator("img:not(.in-dark)").first.evaluate(
        "(image) => image.decode().then(() => image.naturalWidth)"
    )
    # The style sheet and the formulas' fonts come from the folder.
    assert offline_page.evaluate("() => getComputedStyle(document.querySelector('.frame')).display") == "grid"
    assert offline_page.evaluate(
        "() => document.fonts.ready.then(() => document.fonts.check('16px KaTeX_Main'))"
    )


def test_a_missing_site_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="run 'make book' first"):
        offline.pack(tmp_path, tmp_path / "x.zip")
