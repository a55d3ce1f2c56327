"""The builder of catalogues lies with the site's builder, outside of the packages."""

from __future__ import annotations

import sys

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "web"))
