"""Everything a page loads is served by the site itself: KaTeX's fonts, the scripts, the widgets' modules,
the runtime of their models. What stands in the page itself is in `inline`.

Files are written to ``_static`` before the first page, so that their addresses can carry a hash of their
content and a browser never mixes an old script with a new page.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import re
import shutil
import sys
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from sphinx.errors import ExtensionError

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[3]
THEME = ROOT / "book" / "theme"
PALETTE = ROOT / "utils" / "palette.py"
KATEX = ROOT / "node_modules" / "katex" / "dist"
WIDGETS = ROOT / "utils" / "widgets"
ORT = ROOT / "node_modules" / "onnxruntime-web" / "dist"

# Order matters: later files refine earlier ones.
STYLES = ("tokens", "base", "layout", "content", "notebook", "widgets", "print")

# The fonts that nearly every formula needs.
FONTS = ("KaTeX_Main-Regular.woff2", "KaTeX_Math-Italic.woff2")


@lru_cache
def palette() -> dict[str, tuple[str, str]]:
    """name -> (light, dark), read from ``utils/palette.py`` by path: a site build has no torch to import."""
    return load(PALETTE).COLORS


def palette_css() -> str:
    """The palette as custom properties, so that no color is typed a second time in a style sheet."""
    light, dark = ("".join(f"--book-{name}:{pair[i]};" for name, pair in palette().items()) for i in (0, 1))
    return (
        f":root{{color-scheme:light;{light}}}\n"
        # Without scripts there is no data-theme: follow the system.
        f"@media screen and (prefers-color-scheme:dark)"
        f"{{:root:not([data-theme]){{color-scheme:dark;{dark}}}}}\n"
        # Paper is white: the dark theme stays on screens.
        f'@media screen{{:root[data-theme="dark"]{{color-scheme:dark;{dark}}}}}\n'
    )


def style_sheet() -> str:
    """All parts in one."""
    parts = [(THEME / "css" / f"{name}.css").read_text("utf8") for name in STYLES]
    return palette_css() + "\n".join(parts)


def katex_css() -> str:
    """KaTeX's style sheet with the fonts that the site serves."""
    if not (KATEX / "katex.min.js").is_file():
        raise ExtensionError(
            "KaTeX is not installed: no node_modules/katex; run 'npm ci' here, or 'make book', which does it"
        )
    css = (KATEX / "katex.min.css").read_text("utf8")
    # Every browser that runs the site's modules reads woff2; the older formats would be dead addresses.
    css = re.sub(r',url\(fonts/[^)]+\.(?:woff|ttf)\) format\("[^"]+"\)', "", css)
    if "//" in re.sub(r"/\*.*?\*/", "", css, flags=re.S):
        raise ExtensionError("katex.min.css names another host; the site must serve every font itself")
    return css


def _copy_fonts(static: Path) -> None:
    target = static / "katex" / "fonts"
    target.mkdir(parents=True, exist_ok=True)
    for font in sorted((KATEX / "fonts").glob("*.woff2")):
        shutil.copyfile(font, target / font.name)


def load(path: Path) -> ModuleType:
    """A module of ``utils`` by its file: importing the package would ask for what a site build doesn't install."""
    spec = importlib.util.spec_from_file_location(f"book_{path.stem}", path)
    assert spec and spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def _write_widgets(static: Path) -> None:
    """Each widget's module as Jupyter loads it too, and the style sheet that they share."""
    target = static / "widgets"
    target.mkdir(parents=True, exist_ok=True)
    modules = load(WIDGETS / "modules.py")
    names = [name for name in modules.module_names() if name != "ask"]  # it comes with its own script
    for name in names:
        (target / f"{name}.mjs").write_text(modules.module_text(name), "utf8")
    (target / "widget.css").write_text(modules.style_text(*names), "utf8")


def script_text(name: str) -> str:
    """A script of ``theme/classic`` as the site serves it: no module, and without comments.

    A browser loads no module from a disk, and the offline copy's exercises, predictions and progress are to work.
    """
    text = (THEME / "classic" / name).read_text("utf8")
    if name == "ask.js":
        text = load(WIDGETS / "modules.py").module_text("ask") + "\n" + text
    text = re.sub(r"^\s*/\*[\s\S]*?\*/|^\s*//.*$", "", text, flags=re.M)
    text = re.sub(r"^export default .*$|^export (?=const|function|class)", "", text, flags=re.M)
    body = re.sub(r"\n\s+", "\n", text).strip()
    return f'"use strict";\n{{\n{body}\n}}\n'


def copy_ort(static: Path) -> None:
    """The runtime of exported models (onnxruntime-web), which a page fetches when the reader starts a demo.

    The WebAssembly is stored compressed (14 MB become 4), so that it is small from a server that compresses
    nothing; ``kit/onnx.mjs`` unpacks it.
    """
    script, binary = ORT / "ort.wasm.bundle.min.mjs", ORT / "ort-wasm-simd-threaded.wasm"
    if not script.is_file():
        raise ExtensionError(
            "onnxruntime-web is not installed: no node_modules/onnxruntime-web; run 'npm ci' here, or 'make book'"
        )
    target = static / "ort"
    target.mkdir(parents=True, exist_ok=True)
    # Without the pointer to a source map that the site does not serve.
    text = re.sub(r"^//# sourceMappingURL=.*$", "", script.read_text("utf8"), flags=re.M)
    (target / script.name).write_text(text, "utf8")
    packed = target / f"{binary.name}.gz"
    # Compressing takes a second: only when the runtime is newer than what an earlier build left.
    if not packed.is_file() or packed.stat().st_mtime < binary.stat().st_mtime:
        packed.write_bytes(gzip.compress(binary.read_bytes(), 6, mtime=0))


def write_assets(app: Sphinx) -> None:
    """Write what the pages load before the first page is written."""
    if app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    static.mkdir(parents=True, exist_ok=True)
    _copy_fonts(static)
    _write_widgets(static)
    copy_ort(static)
    for script in sorted((THEME / "static").iterdir()):
        shutil.copyfile(script, static / script.name)
    for script in sorted((THEME / "classic").glob("*.js")):
        (static / script.name).write_text(script_text(script.name), "utf8")
    for sheet in (THEME / "classic" / "exercises.css", WIDGETS / "css" / "ask.css"):
        text = re.sub(r"/\*.*?\*/\s*", "", sheet.read_text("utf8"), flags=re.S)
        (static / sheet.name).write_text(text, "utf8")


def address(app: Sphinx, name: str) -> str:
    """``_static/name?v=hash``, the address of an asset relative to the site's root."""
    path = Path(app.outdir) / "_static" / name
    if not path.is_file():
        raise ExtensionError(
            f"the site has no asset _static/{name}; is it in book/theme/static or book/_static?"
        )
    return f"_static/{name}?v={hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", write_assets)
