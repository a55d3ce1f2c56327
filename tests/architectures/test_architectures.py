"""Models that nobody here wrote: counted exactly, or *at least* so much, or refused by name."""

from __future__ import annotations

import json
import warnings
from collections import Counter

import pytest

from tests.architectures import zoo
from tests.architectures.zoo import AT_LEAST, EXACT, OUTCOMES, REFUSED, Architecture, Outcome
from tests.conftest import NIGHTLY

LARGE = 10 * 10**9  # MACs, from which on building and running one takes long


def recorded() -> list[Outcome]:
    rows = json.loads(OUTCOMES.read_text(encoding="utf-8"))
    return [Outcome(**{**row, "input": tuple(row["input"])}) for row in rows]


def tried() -> list[Architecture]:
    """All by night; by day all that take little time to build and run, and some of the others."""
    large = [one.architecture for one in recorded() if (one.macs or 0) > LARGE]
    left_out = set() if NIGHTLY else set(large) - set(large[::4])
    return [one for one in zoo.architectures() if str(one) not in left_out]


@pytest.mark.others
@pytest.mark.parametrize("architecture", tried(), ids=str)
def test_an_architecture_comes_out_as_the_book_says(architecture: Architecture) -> None:
    """The same numbers of torch's and of ours, and none that is wrong without a word."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other people's packages warn of each other
        found = zoo.outcome(architecture)
    kept = {one.architecture: one for one in recorded()}
    assert found.how in (EXACT, AT_LEAST, REFUSED, "not compared")
    assert found == kept[str(architecture)]


def test_there_are_enough_of_them_and_none_is_wrong() -> None:
    how = Counter(one.how for one in recorded())
    assert sum(how.values()) >= 150
    assert how[EXACT] >= 130
    assert set(how) <= {EXACT, AT_LEAST, REFUSED, "not compared"}


def test_what_is_called_exact_has_torchs_numbers() -> None:
    for one in recorded():
        if one.how == EXACT:
            assert (one.our_parameters, one.our_macs) == (one.parameters, one.macs), one.architecture
            assert not one.why, one.architecture


def test_what_is_not_exact_says_why() -> None:
    assert all(one.why for one in recorded() if one.how != EXACT)


def test_what_says_at_least_has_all_parameters_and_no_more_macs_than_torch_counts() -> None:
    for one in recorded():
        if one.how == AT_LEAST:
            assert one.our_parameters == one.parameters, one.architecture
            assert one.macs is None or (one.our_macs or 0) <= one.macs, one.architecture
