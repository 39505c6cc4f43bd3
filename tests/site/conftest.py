"""A built site behind a local server, and a Chromium that may talk to nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from firefox import Firefox, find_firefox
from site_tools import CHROMIUM_FLAGS, Watch, built_site, find_chromium, serve, unavailable


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """With ``--dist loadgroup`` a file's tests stay in one process; those of single pages go wherever there is time."""
    for item in items:
        if item.path.parent.name == "site" and item.path.name != "test_every_page.py":
            item.add_marker(pytest.mark.xdist_group(item.path.name))


@pytest.fixture(scope="session")
def site_dir() -> Path:
    folder = built_site()
    if not (folder / "index.html").is_file():
        unavailable(f"no built site in {folder}; run 'make book'")
    return folder


@pytest.fixture(scope="session")
def site(site_dir: Path) -> Iterator[str]:
    server, address = serve(site_dir)
    yield address
    server.shutdown()


@pytest.fixture(scope="session")
def browser():
    path = find_chromium()
    if path is None:
        unavailable(
            "no Chromium on this machine: install chromium or google-chrome, or set CHROMIUM to its path"
        )
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, site):
    """open_page(path, **context options) -> (page, watch); contexts are closed after the test."""
    contexts = []

    def open_(path: str = "", base: str | None = None, **options):
        origin = base or site
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        watch = Watch(page, origin)
        page.goto(origin + path, wait_until="load")
        if options.get("java_script_enabled", True):  # all of it has a layout, not the first screen alone
            page.wait_for_function("() => !document.documentElement.classList.contains('first-paint')")
        return page, watch

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def start(site, tmp_path_factory):
    """start(**preferences): a Firefox for a module's tests."""
    program, started = find_firefox(), []
    if program is None:
        unavailable("no Firefox on this machine: install firefox-esr or firefox, or set FIREFOX to its path")

    def start_(**preferences) -> Firefox:
        started.append(Firefox(program, tmp_path_factory.mktemp("firefox"), **preferences))
        started[-1].origin = site
        return started[-1]

    yield start_
    for firefox in started:
        firefox.close()


@pytest.fixture(scope="module")
def shared(start):
    """The module's Firefox as it comes."""
    return start()
