"""Canvas's *Download submissions*.

Canvas packs flat files ``NAME_USER_FILE_p1.ipynb``, or ``NAME_LATE_USER_FILE_p1.ipynb`` for late ones: NAME
is the sortable name, "Lovelace, Ada", in small letters without what is no letter or digit; USER and FILE are
numbers of Canvas's own. A file that was handed in again under the same name is called ``p1-1.ipynb``. Where
names are hidden, NAME and USER are ``anon`` and a code. Texts and addresses end in ``_text.html`` and
``_link.html``. Source: Canvas's `lib/content_zipper.rb`. No time is told but that a submission was late.
"""

from __future__ import annotations

import re

from grader.collecting.handed import Batch, Handed, Sender
from grader.collecting.tree import File, SourceError, Tree

SYSTEM = "canvas"
_NAMED = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<user>\d+)_(?P<number>\d+)_(?P<file>.+)", re.DOTALL)
_HIDDEN = re.compile(r"(LATE_)?anon_\w+?_\d+_.+", re.DOTALL)


def is_canvas(files: list[File]) -> bool:
    """Whether most files in it are named as Canvas names them."""
    named = sum(bool(_NAMED.fullmatch(file.parts[-1]) or _HIDDEN.fullmatch(file.parts[-1])) for file in files)
    return named > 0 and 2 * named >= len(files)


def read_canvas(tree: Tree) -> Batch:
    """What was handed in; raises SourceError where the names are hidden."""
    handed, others = [], []
    for file in tree.files():
        name = file.parts[-1]
        match = _NAMED.fullmatch(name)
        if match is None and _HIDDEN.fullmatch(name):  # a code is no number; a student may be called Anon
            raise SourceError(
                f"{name!r} does not say whose it is: the assignment hides names. Show them in Canvas, and "
                "download again."
            )
        if match is None:
            others.append(str(file))
            continue
        sender = Sender(SYSTEM, match["user"], match["name"])
        late = match["late"] is not None
        handed.append(Handed(sender, file, match["file"], late=late, number=int(match["number"])))
    return Batch(tuple(handed), tuple(others))
