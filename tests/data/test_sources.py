from __future__ import annotations

import re
import subprocess
import sys

import utils.data as data
from utils.data.packages import PACKAGES
from utils.data.sources import SOURCES

NOT_SETS = {
    "ImageSet",
    "LabeledTexts",
    "Scenes",
    "photograph_credit",
    "photographs",
    "split",
}
NOT_SETS |= {"environment_names", "boxes_of", "color_jitter", "crop", "flip", "rotate90", "translate"}


def test_every_loader_has_a_row_and_every_row_a_loader():
    named = {re.match(r"\w+", s.loader)[0] for s in SOURCES}
    assert named == set(data.__all__) - NOT_SETS


def test_rows_are_complete():
    for source in SOURCES:
        for field, value in vars(source).items():
            assert value.strip() and "|" not in value and "\n" not in value, (source.name, field)


def test_every_package_that_carries_data_is_credited():
    told = " ".join(s.package for s in SOURCES)
    for module, (pip, _) in PACKAGES.items():
        assert module == "h5py" or pip in told, pip


def test_the_list_needs_only_the_standard_library():
    code = "import sys; sys.modules['numpy'] = sys.modules['torch'] = None; "
    code += "import utils.data.sources"
    code += (
        "; print(sorted({m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names) - {'utils'}))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert set(eval(done.stdout)) <= {"numpy", "torch", "__main__"}
