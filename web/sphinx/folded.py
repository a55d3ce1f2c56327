"""Directives whose body is what a reader sees and, after a line ``---``, what is folded until opened."""

from __future__ import annotations

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from layercost.view import escaped


class Folding(SphinxDirective):
    """The two halves of the body, and the fold."""

    has_content = True

    @property
    def split(self) -> int:
        """The line that parts the halves; behind the last where there is none."""
        lines = list(self.content)
        return lines.index("---") if "---" in lines else len(lines)

    def block(self, start: int, end: int, name: str) -> nodes.container:
        """These lines of the body, in a container of this class."""
        block = nodes.container(classes=[name])
        self.state.nested_parse(self.content[start:end], self.content_offset + start, block)
        return block

    def fold(self, title: str, name: str) -> list[nodes.Node]:
        """The second half, folded under a title."""
        opening = f'<details class="lc-reveal"><summary>{escaped(title)}</summary>'
        return [
            nodes.raw("", opening, format="html"),
            self.block(self.split + 1, len(self.content), name),
            nodes.raw("", "</details>", format="html"),
        ]
