"""Shared by all tests: no window for figures, and the repository's own packages wherever pytest is started."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

os.environ["MPLBACKEND"] = "agg"
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))
