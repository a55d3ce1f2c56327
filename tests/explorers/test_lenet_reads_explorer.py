"""The network that reads a drawing computes what plain loops compute, and counts what the library counts."""

from __future__ import annotations

import random
import struct
import zlib
from base64 import b64decode
from collections.abc import Sequence
from itertools import accumulate, pairwise

import pytest

import layercost as lc
from benchmarks import teach_digits
from layercost.explorers import explorer as explorer_named
from layercost.explorers import reader
from layercost.explorers.shades import picture_of, shaded, stack_of
from layercost.layer import LayerError
from tests.explorers.reading import move, tree, wheels, with_class, words

NETWORK = lc.networks.lenet5()
SEVEN = ("conv1", "pool1", "conv2", "pool2", "fc1", "fc2", "fc3")
PLACES = (28 * 28, 14 * 14, 10 * 10, 5 * 5, 120, 84, 10)
ENDS = list(accumulate(PLACES))


# ---- what it computes


def _convolved(layer: reader.Layer, maps: Sequence[int], channels: int, side: int) -> list[int]:
    """Loops, one product at a time."""
    out = []
    for kernel, bias in zip(layer.weights, layer.biases, strict=True):
        for row in range(side - 4):
            for column in range(side - 4):
                value = bias
                for place, weight in enumerate(kernel):
                    channel, down, across = place // 25, place % 25 // 5, place % 5
                    value += weight * maps[(channel * side + row + down) * side + column + across]
                out.append(value)
    assert len(maps) == channels * side * side
    return out


def _pooled(maps: Sequence[int], side: int) -> list[int]:
    return [
        max(maps[start + row * side + column + down * side + across] for down in (0, 1) for across in (0, 1))
        for start in range(0, len(maps), side * side)
        for row in range(0, side, 2)
        for column in range(0, side, 2)
    ]


def _small(values: Sequence[int], divisor: int) -> list[int]:
    return [max(0, value) // divisor for value in values]


def _by_loops(text: str) -> list[int]:
    first, second, *dense = reader.weights().layers
    values: Sequence[int] = reader.image_of(text)
    for layer, channels, side in ((first, 1, 32), (second, 6, 14)):
        values = _pooled(_small(_convolved(layer, values, channels, side), layer.divisor), side - 4)
    for layer in dense:
        sums = [
            sum(weight * value for weight, value in zip(row, values, strict=True)) + bias
            for row, bias in zip(layer.weights, layer.biases, strict=True)
        ]
        values = sums if layer is dense[-1] else _small(sums, layer.divisor)
    return list(values)


def _scribble(seed: int) -> str:
    rng = random.Random(seed)  # noqa: S311 - a test's choice
    return reader.spelled([int(rng.random() < 0.2) for _ in range(28 * 28)])


@pytest.mark.parametrize(
    "text", [pytest.param(_scribble(1), id="noise"), pytest.param("f" * 196, id="all ink")]
)
def test_it_computes_what_plain_loops_compute(text: str) -> None:
    """Long numbers with a lane for each value give the very sums of a loop over the places."""
    assert list(reader.read(text).answers) == _by_loops(text)


def test_it_has_the_layers_of_the_library() -> None:
    """As many weights and biases in each layer as LeNet-5 has, and as many values after it."""
    held = [lc.count(layer, lc.PARAMETERS).total for _path, layer in NETWORK.leaves() if layer.parameters()]
    ours = [sum(map(len, layer.weights)) + len(layer.biases) for layer in reader.weights().layers]
    assert ours == held
    outputs = {call.path: call.output_shape for call in NETWORK.calls((1, 32, 32))}
    sizes = [len(stage) for stage in reader.read("0" * 196).stages]
    assert sizes == [lc.shape.values(outputs[name]) for name in SEVEN]


def test_weights_come_back_from_their_bytes() -> None:
    """What is written is what is read."""
    known = reader.weights()
    assert reader.packed(known) == reader._PACKED
    assert all(-127 <= weight <= 127 for layer in known.layers for row in layer.weights for weight in row)


# ---- how well it reads


def test_it_reads_as_well_as_it_says() -> None:
    """Measured with what the page computes, on digits that it was not taught: 95 of 100 at the least."""
    known = reader.weights()
    right = teach_digits.measured(known, *teach_digits.drawn(known.tested, teach_digits.SEED_OF_TEST))
    assert known.tested == teach_digits.TESTED
    assert right == pytest.approx(known.right, abs=2)  # a cell at the edge of a pen may fall elsewhere
    assert right >= 0.95 * known.tested


def test_its_examples_are_read_as_what_they_are() -> None:
    """The ten drawings beside the field, in order."""
    assert [reader.read(text).says for text in reader.weights().examples] == list(range(10))


def test_the_program_that_taught_it_teaches() -> None:
    """With a twentieth of the digits and of the time, it learns to tell most of them."""
    images, digits = teach_digits.drawn(1000, teach_digits.SEED)
    network = teach_digits.taught(images, digits, rounds=4, batch=50)
    weights = teach_digits.rounded(network, images[:20])
    assert teach_digits.measured(weights, images[:200], digits[:200]) > 140


def test_a_drawing_is_spelled_and_read_again() -> None:
    """28 rows of 7 digits, and the margin around them; anything else is refused in words."""
    text = _scribble(2)
    assert reader.spelled(reader.cells_of(text)) == text
    image = reader.image_of(text)
    assert len(image) == 32 * 32
    assert image[2 * 32 + 2 : 2 * 32 + 30] == reader.cells_of(text)[:28]
    assert sum(image) == sum(reader.cells_of(text))
    for wrong in ("", "0" * 195, "g" * 196):
        with pytest.raises(LayerError, match="28 rows of 7 digits"):
            reader.read(wrong)


# ---- what it shows


def test_its_odometer_ends_with_the_count_of_the_library() -> None:
    """416,520 multiplications and additions, and at the end of each layer those of the layers so far."""
    shown = explorer_named("lenet_reads")
    counted = {row.name: row for row in lc.table(NETWORK).rows}
    for end, so_far in zip(ENDS, accumulate(counted[name].macs for name in SEVEN), strict=True):
        move(shown, position=end)
        assert wheels(shown)["multiplications"] == (so_far, 416_520)
    assert wheels(shown) == dict.fromkeys(("multiplications", "additions"), (416_520, 416_520))
    assert shown.control("position").max == ENDS[-1]


def test_the_count_does_not_depend_on_the_drawing() -> None:
    """An empty page is as much work, and the ghost says so."""
    shown = explorer_named("lenet_reads", position=0)
    move(shown, pixels="0" * 196)
    said = words(tree(shown.pane("ghost")))
    assert "×1.0 MACs · ×1.0 parameters" in said
    assert "since a drawing of 104 cells" in said


def test_a_text_that_is_no_drawing_is_answered_in_words() -> None:
    """The last good drawing stays."""
    shown = explorer_named("lenet_reads")
    before = shown.pane("picture")
    move(shown, pixels="scribble")
    assert "28 rows of 7 digits" in words(tree(shown.pane("message")))
    assert shown.pane("picture") == before


def test_its_answer_is_known_at_the_end_and_not_before() -> None:
    """Ten bars, the last of them with the last output."""
    shown = explorer_named("lenet_reads", position=ENDS[-1] - 1)
    assert len(with_class(shown.pane("picture"), "lc-output-bar")) == 9
    assert not with_class(shown.pane("picture"), "lc-read")
    move(shown, position=ENDS[-1])
    assert {words(one) for one in with_class(shown.pane("picture"), "lc-read")} == {"", "3"}
    assert "read as 3" in shown.describe(shown._good)


def test_it_says_whose_the_weights_are_and_how_well_they_read() -> None:
    """In short under the picture, in full under *More*, with the numbers that were measured."""
    shown, known = explorer_named("lenet_reads"), reader.weights()
    assert f"{100 * known.right / known.tested:.1f} %" in words(tree(shown.pane("picture")))
    assert f"of {known.tested:,} others that it drew, {known.right:,} are read" in shown.pane("detail")


def _opened(address: str) -> list[bytes]:
    """The rows of one of our pictures, a byte for each cell."""
    data = b64decode(address.partition(",")[2])
    width, height = struct.unpack(">2I", data[16:24])
    start = data.index(b"IDAT")
    (length,) = struct.unpack(">I", data[start - 4 : start])
    raw = zlib.decompress(data[start + 4 : start + 4 + length])
    rows = [raw[row * (width + 1) : (row + 1) * (width + 1)] for row in range(height)]
    assert all(row[0] == 0 for row in rows)
    return [row[1:] for row in rows]


def test_a_picture_holds_what_is_known_of_each_map() -> None:
    """Cell by cell, row by row; the largest value is full ink, zero and less is nothing."""
    stack = stack_of((3, 2, 4))
    shades = shaded([0, 1, 30, -5, *range(20)])
    assert (shades[0], shades[2], shades[3]) == (0, 15, 0)
    rows = _opened(picture_of(shades, stack, 5))
    assert (len(rows[0]), len(rows)) == stack.size == (9, 5)
    left, top = stack.corner(1)
    assert rows[top][left : left + 4] == shades[8:12]
    assert rows[top + 1][left : left + 4] == bytes([shades[12], 0, 0, 0])


# ---- what a person draws, with the pen of the page

STROKES = {
    0: [[(14, 4), (9, 9), (9, 19), (14, 24), (19, 19), (19, 9), (14, 4)]],
    1: [[(10, 8), (15, 4), (15, 24)]],
    2: [[(8, 9), (10, 5), (15, 4), (19, 7), (18, 12), (8, 23), (20, 23)]],
    3: [[(8, 6), (13, 4), (19, 7), (17, 12), (12, 13), (18, 14), (20, 19), (15, 24), (8, 22)]],
    4: [[(8, 4), (8, 14), (19, 14)], [(18, 4), (18, 25)]],
    5: [[(19, 4), (9, 4), (9, 12), (15, 11), (20, 15), (19, 21), (13, 24), (8, 22)]],
    6: [[(17, 4), (11, 10), (9, 18), (12, 24), (17, 23), (19, 18), (15, 14), (10, 17)]],
    7: [[(7, 5), (21, 5), (12, 24)], [(10, 14), (19, 14)]],
    8: [[(18, 7), (14, 4), (10, 7), (12, 12), (18, 17), (18, 22), (10, 22), (10, 17), (17, 11), (18, 7)]],
    9: [[(19, 9), (14, 5), (9, 9), (12, 13), (17, 12), (19, 9), (18, 18), (15, 23), (10, 23)]],
}


def _by_pen(strokes: list[list[tuple[int, int]]], reach: float = 1.3) -> str:
    inked = set()
    for stroke in strokes:
        for (x1, y1), (x2, y2) in pairwise(stroke):
            for part in (step / 60 for step in range(61)):
                x, y = x1 + (x2 - x1) * part, y1 + (y2 - y1) * part
                inked |= {
                    place
                    for place in range(28 * 28)
                    if (place % 28 + 0.5 - x) ** 2 + (place // 28 + 0.5 - y) ** 2 <= reach**2
                }
    return reader.spelled([int(place in inked) for place in range(28 * 28)])


@pytest.mark.parametrize("digit", STROKES)
def test_it_reads_digits_of_a_few_straight_strokes(digit: int) -> None:
    """As a quick hand draws them, with the page's pen."""
    assert reader.read(_by_pen(STROKES[digit])).says == digit
