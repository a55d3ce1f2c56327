"""What lies on disk for sandboxes: shared while it is used, whole or not there, and gone afterwards."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path

import pytest

from grader import stage
from grader.box import SandboxUnavailable
from grader.stage import SHARED_PREFIX, SharedCopies, Stage


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private folder that has to be copied, where temporary folders are made elsewhere."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(stage, "reachable", lambda path: False)
    private = tmp_path / "library"
    (private / "site-packages").mkdir(parents=True)
    (private / "module.py").write_text("x = 1")
    (private / "module.py").chmod(0o600)
    return private


def test_graders_share_one_copy_and_the_last_removes_it(folder: Path, tmp_path: Path) -> None:
    """Two hold it, so the first that ends leaves it; anyone may read it, and it holds what boxes need."""
    first, second = SharedCopies(), SharedCopies()
    copy = first.reachable(folder)
    assert second.reachable(folder) == copy
    assert (copy / "module.py").stat().st_mode & 0o004
    assert not (copy / "site-packages").exists()
    first.close()
    assert (copy / "module.py").exists()
    second.close()
    assert not list(tmp_path.glob(f"{SHARED_PREFIX}*"))


def test_a_cautious_umask_makes_no_copy_private(folder: Path, request: pytest.FixtureRequest) -> None:
    request.addfinalizer(partial(os.umask, os.umask(0o077)))
    copies = SharedCopies()
    copy = copies.reachable(folder)
    for path in (copy, copy.parent, copies.folder):
        assert path.stat().st_mode & 0o005 == 0o005
    copies.close()


def test_a_copy_that_was_not_finished_is_made_again(folder: Path) -> None:
    """A grader that was killed while it copied leaves a folder under another name."""
    copies = SharedCopies()
    copy = copies.reachable(folder)
    copy.parent.rename(copy.parent.with_suffix(".unfinished"))
    assert copies.reachable(folder) == copy
    assert (copy / "module.py").read_text() == "x = 1"
    copies.close()


def test_a_changed_original_is_copied_again(folder: Path) -> None:
    """Another Python under the same name is another copy."""
    copies = SharedCopies()
    copy = copies.reachable(folder)
    os.utime(folder, (1, 1))
    assert copies.reachable(folder) != copy
    copies.close()


def test_a_folder_that_others_may_write_to_is_refused(folder: Path) -> None:
    """Whoever can write there could put code into every box."""
    copies = SharedCopies()
    copies.folder.chmod(0o777)
    with pytest.raises(SandboxUnavailable, match="open to others; remove it"):
        SharedCopies()
    copies.close()


def test_a_forked_process_leaves_the_folder_to_its_parent(folder: Path) -> None:
    """The one that made it removes it."""
    own = Stage()
    child = os.fork()
    if child == 0:
        own.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert own.folder.is_dir()
    own.close()
    assert not own.folder.exists()
