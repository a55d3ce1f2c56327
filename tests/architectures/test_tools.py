"""Five tools, run here on models that nobody here wrote: our readings are what they print."""

from __future__ import annotations

import pytest

from tests.architectures.tools import EXPLAINED, MODELS, RUN, TOOLS, compared
from tests.conftest import NIGHTLY


@pytest.mark.others
@pytest.mark.parametrize("name", MODELS if NIGHTLY else MODELS[::3])
def test_a_reading_is_what_the_tool_prints_or_the_difference_is_explained(name: str) -> None:
    differing = {tool for tool, _, printed, read in compared(name) if printed != read}
    assert differing == {tool for model, tool in EXPLAINED if model == name}


def test_at_most_two_in_a_hundred_readings_differ() -> None:
    assert {model for model, _ in EXPLAINED} <= set(MODELS)
    assert len(MODELS) >= 20
    assert RUN["tools"] == list(TOOLS)
    assert 100 * len(EXPLAINED) <= 2 * len(MODELS) * len(TOOLS)
