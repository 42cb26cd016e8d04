"""Writes the reference pages into the folder that the argument names."""

import sys
from pathlib import Path

from tests.docs.reference import PAGES

for name, page in PAGES.items():
    (Path(sys.argv[1]) / name).write_text(page())
