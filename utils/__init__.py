"""Helpers of the book: a reader can open every module here and read it in one go.

Names are loaded on first use, so that ``import utils`` costs nothing and a notebook that never trains never
waits for the training code.
"""

from __future__ import annotations

from utils.lazy import exports

# public name -> module that defines it
_EXPORTS = {
    "setup": "utils.session",
    "show": "utils.plotting",
    "image_row": "utils.plotting",
    "measured": "utils.display",
    "verify": "utils.proof",
    "claim": "utils.proof",
    "exercise": "utils.exercises",
    "ask": "utils.widgets.ask",
    "explore": "utils.widgets.explorer",
    "race": "utils.widgets.race",
    "divergences": "utils.widgets.divergences",
    "convolution_explorer": "utils.widgets.convolution",
    "broadcasting": "utils.widgets.broadcasting",
    "linear_map_explorer": "utils.widgets.linear_map",
    "steps": "utils.widgets.stepper",
    "playground": "utils.widgets.playground",
    "attention_view": "utils.widgets.attention_view",
    "attention_demo": "utils.widgets.attention_view",
    "draw_digit": "utils.widgets.draw_digit",
    "export_onnx": "utils.widgets.onnx",
    **dict.fromkeys(("best_device", "scale", "describe_device"), "utils.device"),
    # The loop and its pieces, for networks that are trained otherwise.
    **dict.fromkeys(
        (
            "fit",
            "evaluate",
            "History",
            "Batches",
            "make_batches",
            "EarlyStopping",
            "save_checkpoint",
            "load_checkpoint",
            "Precision",
            "capture",
            "LayerStats",
            "Progress",
            "track",
            "NonFiniteError",
            "dry_run",
            "one_device",
        ),
        "utils.training",
    ),
}

__getattr__, __dir__, __all__ = exports(__name__, _EXPORTS)
