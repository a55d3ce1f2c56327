"""The explorer of experts shows what layercost counts, and draws its tokens for ever the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from time import process_time

import pytest

import layercost as lc
from layercost.active import Active, active_parameters, expected_experts, read_parameters
from layercost.explorers import explorer as explorer_named
from layercost.explorers.routing import TITLES, Routed, chosen_by, sparse
from layercost.models.known import model_named
from tests.explorers.reading import copied_lines, move, numbers, panes, tree, with_class, words

each = pytest.mark.parametrize("name", TITLES)


def routed(name: str, tokens: int = 1, draw: int = 1, stored: str = "int8") -> Routed:
    """Some tokens of a model, one byte a parameter."""
    return Routed(name, tokens, draw, Active.ALL, stored)


@each
def test_a_model_in_a_few_numbers_holds_what_it_holds(name: str) -> None:
    """All parameters, and the active ones in each meaning, as letters and as numbers."""
    model, short = model_named(name), routed(name)
    assert sparse(name).total == lc.count(model, lc.PARAMETERS).total == int(short.total_in_letters())
    for meaning in Active:
        one = replace(short, meaning=meaning)
        assert one.active == int(one.active_in_letters()) == active_parameters(model, meaning)


@each
def test_one_token_reads_its_experts_and_all_else_but_the_table(name: str) -> None:
    """As the roofline has it, and as it is expected: a single token meets no expert twice."""
    short = routed(name)
    assert short.lit == short.of.chosen == len(short.last)
    assert short.read == read_parameters(model_named(name), 1)
    assert short.read - short.of.mixture.embed_dim == active_parameters(
        model_named(name), "without-input-table"
    )


@each
def test_many_tokens_read_nearly_everything(name: str) -> None:
    """What a step reads is no more than what is held, and no less than with fewer tokens."""
    every = [routed(name, tokens).read for tokens in (1, 2, 5, 20, 60, 256)]
    assert all(before <= after for before, after in pairwise(every))
    assert 0.9 * sum(routed(name).in_bytes) < every[-1] <= sum(routed(name).in_bytes)


def test_a_draw_is_the_same_for_ever() -> None:
    """The same on every machine, in the browser too."""
    assert chosen_by(1, 1, 256, 8) == (61, 126, 228, 68, 215, 48, 199, 235)
    assert chosen_by(7, 3, 8, 2) == (4, 7)


def test_each_token_passes_different_experts_and_all_experts_alike() -> None:
    """A token passes none twice; over many tokens each expert has its share, within three deviations."""
    every = [chosen_by(draw, token, 60, 4) for draw in range(1, 51) for token in range(1, 101)]
    assert all(len(set(one)) == 4 for one in every)
    served = Counter(expert for one in every for expert in one)
    usual = 5000 * 4 / 60
    assert len(served) == 60
    assert max(abs(times - usual) for times in served.values()) < 3.5 * usual**0.5


@pytest.mark.parametrize(("name", "tokens"), [("mixtral-8x7b", 3), ("deepseek-v3", 22), ("gpt-oss-20b", 9)])
def test_as_many_are_lit_as_are_expected_over_many_draws(name: str, tokens: int) -> None:
    """E(1 - (1 - e/E)^T) is the mean of what is drawn."""
    drawn = [routed(name, tokens, draw).lit for draw in range(1, 101)]
    one = routed(name, tokens)
    assert sum(drawn) / 100 == pytest.approx(one.expected, rel=0.03)
    assert one.expected == expected_experts(one.of.experts, one.of.chosen, tokens)


def test_the_expected_number_is_that_of_the_loop_over_experts() -> None:
    """Each is left out by a token with the chance 1 - e/E; two of eight for two tokens is 3.5."""
    assert expected_experts(8, 2, 2) == pytest.approx(8 - 8 * 0.75 * 0.75) == 3.5
    assert expected_experts(4, 4, 1) == 4
    assert expected_experts(4, 1, 0) == 0


def squares(pane: str, kind: str) -> int:
    """How many squares a picture has of a kind."""
    return sum(path.get("d", "").count("M") for path in with_class(pane, kind))


@each
def test_there_is_a_square_for_each_expert(name: str) -> None:
    """Those at work and those at rest; in each at work stands another one; the last token's have a frame."""
    shown = explorer_named("mixture_of_experts", model=name, tokens=12)
    one, picture = routed(name, 12), shown.pane("picture")
    assert squares(picture, "lc-idle") == one.of.experts - one.lit
    assert squares(picture, "lc-works") == squares(picture, "lc-expert-load") == one.lit
    assert squares(picture, "lc-expert-last") == one.of.chosen


def test_the_bar_is_to_scale() -> None:
    """All of it is what is held; the first two pieces are what is read, but for the table of the input."""
    shown, one = explorer_named("mixture_of_experts"), routed("deepseek-v3", 16)
    kinds = ("lc-expert-rest", "lc-expert-read", "lc-expert-unread")
    wide = [float(with_class(shown.pane("picture"), kind)[0].get("width", 0)) for kind in kinds]
    assert sum(wide) == pytest.approx(372, abs=0.05)
    assert wide[1] / wide[2] == pytest.approx(one.lit / (256 - one.lit), rel=0.01)


def test_the_lines_say_layers_experts_and_what_is_in_none() -> None:
    """58 layers of 256 experts of 44,040,192 parameters; a token passes 8 of them."""
    shown = explorer_named("mixture_of_experts")
    assert copied_lines(shown, "total") == [
        "n·E·x + r = 58·256·44,040,192 + 17,117,633,536 = 671,026,404,352 parameters in all",
        "n·e·x + r = 58·8·44,040,192 + 17,117,633,536 = 37,552,282,624 active parameters",
    ]
    move(shown, meaning="without-input-table")
    assert copied_lines(shown, "total")[1].endswith(" - 129,280·7,168 = 36,625,603,584 active parameters")
    move(shown, model="gpt-oss-20b")
    assert copied_lines(shown, "total")[1].endswith("= 3,608,307,264 active parameters")
    assert (
        copied_lines(shown)[0] == "3·d·f + 2·f + d = 3·2,880·2,880 + 2·2,880 + 2,880 = 24,891,840 parameters"
    )


def test_the_table_twin_holds_the_numbers_of_the_picture() -> None:
    """Whoever reads the tables misses nothing."""
    shown = explorer_named("mixture_of_experts")
    told = numbers(" ".join(tree(shown.pane("twin")).itertext()))
    drawn = numbers(" ".join(tree(shown.pane("picture")).itertext()))
    assert drawn - told <= {16}


def test_a_shared_expert_is_told() -> None:
    """DeepSeek-V3 has one, Mixtral has none."""
    shown = explorer_named("mixture_of_experts")
    assert "A shared expert serves every token besides." in words(
        with_class(shown.pane("picture"), "lc-saying")[0]
    )
    move(shown, model="mixtral-8x7b")
    assert "shared" not in shown.pane("picture")


def test_one_token_is_told_as_one() -> None:
    """In the picture, as the setting before and above the table."""
    shown = explorer_named("mixture_of_experts", tokens=1)
    move(shown, stored="int8")
    assert "One token lights 8 of 256 experts" in shown.pane("picture")
    assert "DeepSeek-V3, one token" in shown.pane("ghost")
    assert "1 tokens" not in "".join(panes(shown).values())


def test_half_the_bytes_are_read_in_half_the_format_and_the_ghost_says_it() -> None:
    """Eight bits in place of sixteen."""
    shown = explorer_named("mixture_of_experts")
    move(shown, stored="int8")
    assert (
        words(with_class(shown.pane("ghost"), "lc-ratios")[0]) == "×1.0 active parameters · ×0.5 bytes read"
    )


def test_a_move_takes_a_few_products() -> None:
    """No model is counted again: with 256 tokens of the largest a move takes milliseconds."""
    shown = explorer_named("mixture_of_experts", tokens=200)
    times = []
    for tokens in range(201, 241):
        began = process_time()
        shown.control("tokens").value = tokens
        times.append(process_time() - began)
    assert sorted(times)[len(times) // 2] < 0.033


def test_what_the_try_it_answers_say_holds_in_the_explorer() -> None:
    """One token of DeepSeek-V3, half of its experts, all of Mixtral's, and who rests with 64 tokens."""
    assert routed("deepseek-v3", 1, stored="bfloat16").read == pytest.approx(73.3e9, rel=1e-3)

    def first(name: str, lit: int, draw: int) -> int:
        return next(tokens for tokens in range(1, 257) if routed(name, tokens, draw).lit >= lit)

    halves = [first("deepseek-v3", 128, draw) for draw in range(1, 101)]
    assert (min(halves), max(halves)) == (20, 25)
    wholes = [first("mixtral-8x7b", 8, draw) for draw in range(1, 101)]
    assert sum(6 <= one <= 14 for one in wholes) > 80
    resting = {name: routed(name, 64).of.experts - routed(name, 64).expected for name in TITLES}
    assert {name for name, idle in resting.items() if idle > 10} == {"deepseek-v3", "gpt-oss-120b"}
    card = replace(routed("gpt-oss-20b"), meaning=Active.WITHOUT_INPUT)
    assert f"{card.active / 1e9:.1f}" == "3.6"
