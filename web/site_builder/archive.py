"""The site as one zip, which unpacks into a folder that any web server can serve."""

from __future__ import annotations

import zipfile

from .places import BUILD, SITE
from .step import WHEN_ALL_ARE_COPIED, Step, files_in

NAME = "every-flop-counts"
ARCHIVE = BUILD / f"{NAME}.zip"
PACKED_ALREADY = {".bin", ".gz", ".woff2", ".png", ".whl", ".zip", ".epub", ".pdf"}


def _write() -> None:
    with zipfile.ZipFile(ARCHIVE, "w") as archive:
        for path in files_in(SITE):
            name = f"{NAME}/{path.relative_to(SITE).as_posix()}"
            entry = zipfile.ZipInfo(name, date_time=WHEN_ALL_ARE_COPIED)
            entry.external_attr = 0o644 << 16
            packed = path.suffix in PACKED_ALREADY
            entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    print(f"  {ARCHIVE.name}: {ARCHIVE.stat().st_size / 10**6:.1f} MB", flush=True)


def archive() -> Step:
    """Everything in _build/html, in a folder of its own."""
    return Step(name="zip", inputs=(SITE,), outputs=(ARCHIVE,), work=_write)
