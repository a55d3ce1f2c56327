"""The book's extensions, for tests that ask them without a build."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "web" / "sphinx"))
