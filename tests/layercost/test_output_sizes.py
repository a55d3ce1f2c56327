"""Output-size rules side by side, each held against windows that are slid by hand."""

from __future__ import annotations

from itertools import product

import pytest

import layercost as lc
from layercost.shape import TransposedSizeRule, adaptive_cells

SETTINGS = [
    (n, k, s, d) for n, k, s, d in product(range(1, 11), range(1, 6), range(1, 5), range(1, 4))
]  # sizes, kernels, strides, dilations


def span(k: int, d: int) -> int:
    """The cells that a dilated kernel spans, counted."""
    return len(range(d * (k - 1) + 1))


def steps_until(n: int, k: int, s: int, d: int, before: int, after: int) -> list[int]:
    """Where windows start that lie inside of the padded axis."""
    return [start for start in range(-before, n + after, s) if start + span(k, d) <= n + after]


@pytest.mark.parametrize("name", ["floor", "caffe-convolution", "onnx-notset"])
@pytest.mark.parametrize("sides", [(0, 0), (1, 1), (0, 1), (2, 1)], ids=str)
def test_rounding_down_keeps_the_windows_that_fit(name: str, sides: tuple[int, int]) -> None:
    """PyTorch, Caffe's convolution and ONNX with given padding agree, also where it differs on both sides."""
    rule = lc.OUTPUT_SIZE_RULES[name]
    for n, k, s, d in SETTINGS:
        fitting = steps_until(n, k, s, d, *sides)
        if fitting:
            assert rule.size(n, k, s, sides, d) == len(fitting), (n, k, s, d)
            assert rule.sides(n, k, s, sides, d) == sides
        else:
            with pytest.raises(lc.ShapeError, match="is larger than the padded input"):
                rule.size(n, k, s, sides, d)


@pytest.mark.parametrize("name", ["tensorflow-same", "onnx-same-upper", "onnx-same-lower"])
def test_same_pads_as_little_as_gives_a_window_to_every_stride(name: str) -> None:
    """One window for each begun stride, and not one cell of padding more than they need."""
    rule = lc.OUTPUT_SIZE_RULES[name]
    for n, k, s, d in SETTINGS:
        windows = len(range(0, n, s))
        before, after = rule.sides(n, k, s, 0, d)
        assert rule.size(n, k, s, 0, d) == windows
        assert len(steps_until(n, k, s, d, int(before), int(after))) >= windows
        least = next(total for total in range(100) if n + total >= (windows - 1) * s + span(k, d))
        assert before + after == least, (n, k, s, d)
        odd = before - after if "lower" in name else after - before
        assert odd == least % 2, (n, k, s, d)


@pytest.mark.parametrize("name", ["tensorflow-valid", "onnx-valid"])
def test_valid_keeps_the_windows_that_fit_without_padding(name: str) -> None:
    rule = lc.OUTPUT_SIZE_RULES[name]
    for n, k, s, d in SETTINGS:
        fitting = steps_until(n, k, s, d, 0, 0)
        if fitting:
            assert rule.size(n, k, s, 0, d) == len(fitting) == lc.FLOOR.size(n, k, s, 0, d)


def hanging(n: int, k: int, s: int, p: int) -> list[int]:
    """Where windows start, one after the other until the padded axis is covered as far as it can be."""
    starts = [-p]
    while starts[-1] + k < n + 2 * p - p:
        starts.append(starts[-1] + s)
    return starts


def test_caffe_pools_as_pytorch_rounding_up_but_keeps_an_empty_window_without_padding() -> None:
    """A window of 1 with stride 3 on 3 cells: the second would start past the last, and Caffe keeps it."""
    parted = set()
    for n, k, s, _ in SETTINGS:
        for p in range(k // 2 + 1):
            if n + 2 * p < k:
                continue
            starts = hanging(n, k, s, p)
            inside = [start for start in starts if start < n]
            assert lc.CEIL.size(n, k, s, p) == len(inside), (n, k, s, p)
            assert lc.CAFFE_POOLING.size(n, k, s, p) == len(inside if p else starts), (n, k, s, p)
            if lc.CEIL.size(n, k, s, p) != lc.CAFFE_POOLING.size(n, k, s, p):
                parted.add((n, k, s, p))
    assert (4, 1, 3, 0) not in parted
    assert (3, 1, 3, 0) in parted
    assert all(k < s and p == 0 for _, k, s, p in parted)


@pytest.mark.parametrize(("n", "windows"), [(13, 6), (7, 7), (6, 13), (224, 7), (5, 2)])
def test_adaptive_windows_cover_every_cell_that_lies_in_their_share(n: int, windows: int) -> None:
    """Cell i lies from i/n to (i + 1)/n of the way; window j takes what lies in its share with any part."""
    spans = lc.adaptive_windows(n, windows)
    for j, (first, past) in enumerate(spans):
        shared = [i for i in range(n) if (i + 1) * windows > j * n and i * windows < (j + 1) * n]
        assert [*range(first, past)] == shared
    assert sum(int(cells) * int(many) for cells, many in adaptive_cells(n, windows)) == sum(
        past - first for first, past in spans
    )


def test_the_rules_stand_side_by_side() -> None:
    """112 cells, a kernel of 3, stride 2: GoogLeNet's pooling. Up is 56, down is 55."""
    rows = {row.rule: row for row in lc.compare_output_sizes(112, 3, stride=2)}
    assert set(rows) == set(lc.OUTPUT_SIZE_RULES)
    assert {name: row.size for name, row in rows.items()} == {
        "floor": 55, "ceil": 56, "caffe-convolution": 55, "caffe-pooling": 56, "tensorflow-same": 56,
        "tensorflow-valid": 55, "onnx-notset": 55, "onnx-ceil": 56, "onnx-same-upper": 56,
        "onnx-same-lower": 56, "onnx-valid": 55,
    }  # fmt: skip
    assert (rows["tensorflow-same"].before, rows["tensorflow-same"].after) == (0, 1)
    assert (rows["onnx-same-lower"].before, rows["onnx-same-lower"].after) == (1, 0)
    assert rows["floor"].unread == 1  # windows read cells 0 to 110


def test_a_rule_that_cannot_be_says_why() -> None:
    rows = {row.rule: row for row in lc.compare_output_sizes(2, 5)}
    assert rows["floor"].size is None
    assert "a kernel of 5 is larger than the padded input, 2 (input: 2;" in str(rows["floor"].refusal)
    assert rows["tensorflow-same"].size == 2


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((0, 3), "n"), ((8, 0), "kernel"), ((8, 3, 0), "stride"), ((8, 3, 1, -1), "padding"),
        ((8, 3, 1, 0, 0), "dilation"),
    ],
)  # fmt: skip
def test_what_is_no_size_is_refused_by_name(arguments: tuple[int, ...], field: str) -> None:
    with pytest.raises(lc.ShapeError, match=f"compare_output_sizes: {field} must be a whole number"):
        lc.compare_output_sizes(*arguments)


def test_a_rule_that_finds_its_padding_is_given_none() -> None:
    with pytest.raises(lc.ShapeError, match="tensorflow-same finds its padding itself; leave padding at 0"):
        lc.Conv2d(1, 1, 3, padding=1, rule=lc.TF_SAME).output_shape((1, 8, 8))


def canvas(n: int, k: int, s: int, d: int) -> int:
    """The cells from the first to the last on which a kernel falls that is put down at each stride."""
    return max(i * s + j * d for i in range(n) for j in range(k)) + 1


def test_a_transposed_convolution_gives_the_canvas_without_its_border() -> None:
    for n, k, s, d in SETTINGS:
        full = canvas(n, k, s, d)
        assert lc.TRANSPOSED.size(n, k, s, 0, d) == full
        for p in range(3):
            if full > 2 * p:
                assert lc.TRANSPOSED.size(n, k, s, p, d, output_padding=1) == full - 2 * p + 1
            else:
                with pytest.raises(lc.ShapeError, match="crops all of the"):
                    lc.TRANSPOSED.size(n, k, s, p, d)


@pytest.mark.parametrize(
    ("rule", "n", "kernel", "stride", "size"),
    [
        pytest.param(lc.KERAS_TRANSPOSED_SAME, 5, 3, 2, 10, id="Keras same: n s"),
        pytest.param(lc.KERAS_TRANSPOSED_SAME, 5, 1, 2, 10, id="Keras same, k < s: n s"),
        pytest.param(lc.KERAS_TRANSPOSED_VALID, 5, 3, 2, 11, id="Keras valid: n s + (k - s)"),
        pytest.param(lc.KERAS_TRANSPOSED_VALID, 5, 1, 2, 10, id="Keras valid, k < s: n s"),
        pytest.param(lc.ONNX_TRANSPOSED_SAME, 5, 3, 2, 10, id="onnxruntime same: n s"),
        pytest.param(lc.ONNX_TRANSPOSED_SAME, 5, 1, 2, 9, id="onnxruntime same, k < s: (n - 1) s + k"),
    ],
)
def test_frameworks_size_transposed_convolutions_otherwise(
    rule: TransposedSizeRule, n: int, kernel: int, stride: int, size: int
) -> None:
    assert rule.size(n, kernel, stride) == size


def test_transposed_rules_stand_side_by_side() -> None:
    rows = {row.rule: row for row in lc.compare_transposed_sizes(3, 3, stride=2, padding=4)}
    assert set(rows) == set(lc.TRANSPOSED_SIZE_RULES)
    assert rows["transposed"].size is None
    assert "a padding of 4 on each side crops all of the 7 cells" in str(rows["transposed"].refusal)
    assert rows["keras-transposed-valid"].size == 3 * 2 + (3 - 2)


def test_pytorchs_same_is_tensorflows_at_stride_1() -> None:
    """Conv2d(padding='same'): the total padding is d (k - 1), and its odd cell stands at the end."""
    for n, k, _, d in SETTINGS:
        before, after = lc.TF_SAME.sides(n, k, 1, 0, d)
        assert (before, before + after) == (d * (k - 1) // 2, d * (k - 1))
        assert lc.Conv2d(1, 1, k, padding="same", dilation=d).output_shape((1, n, n)) == (1, n, n)
