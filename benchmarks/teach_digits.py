"""Teach LeNet-5 to read digits that this program draws: the weights of the explorer `lenet_reads`.

    python -m benchmarks.teach_digits         # teaches it, measures it, writes the weights (a few minutes)
    python -m benchmarks.teach_digits --check  # only measures the weights that are there

No data set is needed. A digit is a few strokes of a pen, shifted, turned, slanted, stretched, bent and drawn
with a thicker or thinner pen; all of it follows from a seed. The weights are rounded to whole numbers of one
byte, and what is measured is what the page computes with them.
"""

from __future__ import annotations

import argparse
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from layercost.explorers import reader

Array = np.ndarray[Any, np.dtype[Any]]

TAUGHT, TESTED = 12_000, 1_000  # digits drawn to learn from, and others to be measured on
SEED, SEED_OF_TEST = 1998, 2026
WEIGHTS = Path(reader.__file__).with_name(reader.WEIGHTS)

# ---- strokes ------------------------------------------------------------------------------------


def _arc(x: float, y: float, across: float, down: float, start: float, end: float) -> list[list[float]]:
    """Points of an ellipse from one angle to another, in degrees; 0 is at the right, 90 is below."""
    angles = np.radians(np.linspace(start, end, 12))
    return [[x + across * math.cos(angle), y + down * math.sin(angle)] for angle in angles]


def _line(*points: tuple[float, float]) -> list[list[float]]:
    """Straight from point to point, in pieces short enough to be bent."""
    pieces: list[list[float]] = [list(points[0])]
    for (x1, y1), (x2, y2) in pairwise(points):
        pieces += [[x1 + (x2 - x1) * part, y1 + (y2 - y1) * part] for part in (0.25, 0.5, 0.75, 1)]
    return pieces


# The ways in which each digit is written; a digit is about 2 high and 1.2 wide, around 0.
WAYS: tuple[list[list[list[list[float]]]], ...] = (
    [[_arc(0, 0, 0.6, 1, -90, 270)], [_arc(0, 0, 0.75, 1, -120, 250)], [_arc(0, 0, 0.45, 1, -60, 300)]],
    [[_line((0, -1), (0, 1))], [_line((-0.4, -0.55), (0.05, -1), (0.05, 1))],
     [_line((-0.4, -0.6), (0.05, -1), (0.05, 1)), _line((-0.4, 1), (0.45, 1))],
     [_line((0.2, -1), (-0.2, 1))]],
    [[_arc(0, -0.5, 0.55, 0.5, -170, 40) + _line((0.42, -0.18), (-0.6, 1), (0.62, 1))],
     [_arc(0, -0.45, 0.6, 0.55, -150, 60) + _arc(-0.35, 0.75, 0.2, 0.2, 30, 330)
      + _line((-0.2, 0.85), (0.6, 1))],
     [_line((-0.5, -0.95), (0.5, -0.95), (0.5, 0), (-0.5, 0), (-0.5, 1), (0.5, 1))]],
    [[_arc(0, -0.5, 0.5, 0.5, -160, 90) + _arc(0, 0.5, 0.6, 0.5, -90, 160)],
     [_line((-0.5, -1), (0.5, -1), (0, -0.2)) + _arc(0, 0.4, 0.6, 0.6, -80, 160)],
     [_arc(-0.1, -0.52, 0.55, 0.48, -140, 80) + _arc(-0.1, 0.48, 0.65, 0.52, -80, 150)]],
    [[_line((0.3, 1), (0.3, -1), (-0.65, 0.35), (0.65, 0.35))],
     [_line((-0.45, -1), (-0.5, 0.1), (0.55, 0.1)), _line((0.4, -0.9), (0.35, 1))],
     [_line((0.1, -1), (-0.6, 0.3), (0.6, 0.3)), _line((0.3, -0.3), (0.3, 1))],
     [_line((-0.5, -0.9), (-0.5, 0.05), (0.4, 0.05)), _line((0.4, -0.95), (0.4, 1))]],
    [[_line((0.55, -1), (-0.4, -1), (-0.48, -0.15)) + _arc(0, 0.38, 0.6, 0.6, -140, 150)],
     [_line((0.5, -1), (-0.45, -1), (-0.45, -0.1)) + _arc(-0.05, 0.4, 0.55, 0.55, -110, 120)],
     [_line((0.5, -0.95), (-0.5, -0.95), (-0.5, 0), (0.5, 0), (0.5, 0.95), (-0.5, 0.95))]],
    [[_arc(0.5, 0.2, 1.05, 1.2, -95, -180) + _arc(0, 0.45, 0.55, 0.55, 180, -180)],
     [_line((0.25, -1), (-0.3, -0.1)) + _arc(0, 0.45, 0.55, 0.55, 200, -160)],
     [_arc(0.05, 0, 0.6, 1, -60, -270) + _arc(0.05, 0.5, 0.5, 0.5, 90, -170)]],
    [[_line((-0.6, -1), (0.6, -1), (-0.1, 1))],
     [_line((-0.6, -1), (0.6, -1), (-0.1, 1)), _line((-0.35, 0.05), (0.5, 0.05))],
     [_line((-0.6, -0.7), (-0.55, -1), (0.55, -1), (0.1, 0), (0, 1))],
     [_line((-0.55, -0.95), (0.45, -0.95), (0.4, 1))]],
    [[_arc(0, -0.5, 0.45, 0.48, 90, 450), _arc(0, 0.5, 0.58, 0.5, -90, 270)],
     [_arc(0, -0.5, 0.5, 0.5, -30, -270) + _arc(0, 0.5, 0.55, 0.5, -90, 180)
      + _line((-0.55, 0.4), (0.42, -0.7))],
     [_arc(0, -0.45, 0.5, 0.5, 90, 450), _arc(0, 0.52, 0.5, 0.47, -90, 270)]],
    [[_arc(0, -0.45, 0.52, 0.52, 0, -360) + _line((0.52, -0.45), (0.45, 1))],
     [_arc(0, -0.45, 0.52, 0.52, -20, -340) + _arc(-0.5, -0.2, 1.03, 1.2, -10, 95)],
     [_arc(0, -0.45, 0.5, 0.5, 0, -360) + _line((0.5, -0.45), (0.1, 1))],
     [_arc(0, -0.45, 0.5, 0.52, 0, -360) + _arc(0, 0.35, 0.5, 0.62, 0, 140)]],
)  # fmt: skip


def draw(digit: int, random: np.random.RandomState) -> Array:
    """``(28, 28)`` of 0 and 1: the digit, written in one of its ways by an unsteady hand."""
    ways = WAYS[digit]
    between = random.uniform
    tall, wide = between(7.2, 12.5), between(0.75, 1.35)
    turn, slant = between(-0.22, 0.22), between(-0.3, 0.25)
    cos, sin = math.cos(turn), math.sin(turn)
    affine = np.array([[cos, -sin], [sin, cos]]) @ np.array([[wide, -slant], [0, 1]]) * tall
    middle = 13.5 + np.array([between(-3, 3), between(-2, 2)]) * (13 - tall) / 5
    bends, phases = between(0, 0.09, 4), between(0, 6.3, 4)
    starts, ends = [], []
    for stroke in ways[random.randint(len(ways))]:
        points = np.array(stroke)
        x, y = points.T
        bent = points + np.stack(
            [
                bends[0] * np.sin(2.2 * y + phases[0]) + bends[1] * np.sin(4 * x + phases[1]),
                bends[2] * np.sin(2.2 * x + phases[2]) + bends[3] * np.sin(3 * y + phases[3]),
            ],
            1,
        )
        drawn = np.clip(bent @ affine.T + middle, 1, 26)
        starts.append(drawn[:-1])
        ends.append(drawn[1:])
    return _inked(np.concatenate(starts), np.concatenate(ends), between(0.8, 1.75))


_ROWS, _COLUMNS = np.mgrid[0:28, 0:28]
_CELLS = np.stack([_COLUMNS.ravel(), _ROWS.ravel()], 1).astype(float)


def _inked(starts: Array, ends: Array, pen: float) -> Array:
    """The cells nearer to a piece of a stroke than half the width of the pen."""
    along = ends - starts
    length = np.maximum((along**2).sum(1), 1e-9)
    part = np.clip(((_CELLS[:, None] - starts) * along).sum(2) / length, 0, 1)
    away = ((_CELLS[:, None] - starts - part[..., None] * along) ** 2).sum(2).min(1)
    return (away < pen * pen).reshape(28, 28).astype(np.uint8)


def drawn(amount: int, seed: int) -> tuple[Array, Array]:
    """``(amount, 28, 28)`` digits and what each of them is, as many of each."""
    random = np.random.RandomState(seed)  # whose numbers are the same in every numpy
    digits = np.arange(amount) % 10
    return np.stack([draw(int(digit), random) for digit in digits]), digits


# ---- the network --------------------------------------------------------------------------------


def _columns(maps: Array) -> Array:
    """``(N, C, H, W)`` to ``(N, H-4, W-4, C·25)``: what a window of 5 by 5 sees at each place."""
    windows = np.lib.stride_tricks.sliding_window_view(maps, (5, 5), (2, 3))
    count, channels, height, width = windows.shape[:4]
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(count, height, width, channels * 25)


def _pooled(maps: Array) -> tuple[Array, Array]:
    """Max pooling of 2 by 2, and where each maximum was."""
    count, channels, height, width = maps.shape
    blocks = maps.reshape(count, channels, height // 2, 2, width // 2, 2).transpose(0, 1, 2, 4, 3, 5)
    blocks = blocks.reshape(count, channels, height // 2, width // 2, 4)
    best = blocks.argmax(-1)
    return np.take_along_axis(blocks, best[..., None], -1)[..., 0], best


def _unpooled(gradient: Array, best: Array) -> Array:
    count, channels, height, width = gradient.shape
    blocks = np.zeros((*gradient.shape, 4), gradient.dtype)
    np.put_along_axis(blocks, best[..., None], gradient[..., None], -1)
    blocks = blocks.reshape(count, channels, height, width, 2, 2).transpose(0, 1, 2, 4, 3, 5)
    return blocks.reshape(count, channels, 2 * height, 2 * width)


class Network:
    """LeNet-5 with max pooling and ReLU, taught by Adam."""

    def __init__(self, seed: int) -> None:
        random = np.random.RandomState(seed)
        self.weights = [
            (random.randn(out, inputs) * math.sqrt(2 / inputs)).astype(np.float32)
            for out, inputs in ((6, 25), (16, 150), (120, 400), (84, 120), (10, 84))
        ]
        self.biases = [np.zeros(len(weight), np.float32) for weight in self.weights]
        self.moments = [[np.zeros_like(value), np.zeros_like(value)] for value in self._values()]
        self.steps = 0

    def _values(self) -> list[Array]:
        return [*self.weights, *self.biases]

    def step(self, images: Array, digits: Array, rate: float) -> None:
        """Learn from one batch."""
        w1, w2, *dense = self.weights
        b1, b2, *shifts = self.biases
        seen1 = _columns(np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2))))
        maps1 = np.maximum(seen1 @ w1.T + b1, 0).transpose(0, 3, 1, 2)
        small1, best1 = _pooled(maps1)
        seen2 = _columns(small1)
        maps2 = np.maximum(seen2 @ w2.T + b2, 0).transpose(0, 3, 1, 2)
        small2, best2 = _pooled(maps2)
        values = [small2.reshape(len(images), -1)]
        for weight, shift in zip(dense, shifts, strict=True):
            values.append(
                np.maximum(values[-1] @ weight.T + shift, 0 if weight is not dense[-1] else -np.inf)
            )
        wrong = np.exp(values[-1] - values[-1].max(1, keepdims=True))
        wrong /= wrong.sum(1, keepdims=True)
        wrong[np.arange(len(digits)), digits] -= 1
        wrong /= len(digits)
        of_weights: list[Array] = []
        of_biases: list[Array] = []
        for weight, seen in zip(dense[::-1], values[-2::-1], strict=True):
            of_weights.insert(0, wrong.T @ seen)
            of_biases.insert(0, wrong.sum(0))
            wrong = (wrong @ weight) * (seen > 0)
        back2 = (_unpooled(wrong.reshape(small2.shape), best2) * (maps2 > 0)).transpose(0, 2, 3, 1)
        of_weights.insert(0, np.tensordot(back2, seen2, ([0, 1, 2], [0, 1, 2])))
        of_biases.insert(0, back2.sum((0, 1, 2)))
        through = (back2 @ w2).reshape(len(images), 10, 10, 6, 5, 5)
        back = np.zeros_like(small1)
        for row in range(5):
            for column in range(5):
                back[:, :, row : row + 10, column : column + 10] += through[..., row, column].transpose(
                    0, 3, 1, 2
                )
        back1 = (_unpooled(back, best1) * (maps1 > 0)).transpose(0, 2, 3, 1)
        of_weights.insert(0, np.tensordot(back1, seen1, ([0, 1, 2], [0, 1, 2])))
        of_biases.insert(0, back1.sum((0, 1, 2)))
        self._adam([*of_weights, *of_biases], rate)

    def _adam(self, gradients: list[Array], rate: float) -> None:
        self.steps += 1
        for value, gradient, moments in zip(self._values(), gradients, self.moments, strict=True):
            moments[0] += 0.1 * (gradient - moments[0])
            moments[1] += 0.001 * (gradient**2 - moments[1])
            mean = moments[0] / (1 - 0.9**self.steps)
            size = np.sqrt(moments[1] / (1 - 0.999**self.steps)) + 1e-8
            np.subtract(value, rate * (mean / size + 0.002 * value), out=value)


def taught(images: Array, digits: Array, rounds: int = 5, batch: int = 100) -> Network:
    """A network that has seen these digits `rounds` times, ever more slowly."""
    network, order = Network(SEED), np.random.RandomState(SEED)
    steps = rounds * (len(images) // batch)
    for step in range(steps):
        start = step % (len(images) // batch) * batch
        if start == 0:
            mixed = order.permutation(len(images))
        chosen = mixed[start : start + batch]
        rate = 0.002 * (1 - step / steps) + 1e-5
        network.step(images[chosen, None].astype(np.float32), digits[chosen], rate)
        if step % 100 == 99:
            print(f"{step + 1:,} of {steps:,} batches", flush=True)
    return network


# ---- whole numbers of one byte ----------------------------------------------------------------------


def rounded(network: Network, images: Array) -> reader.Weights:
    """Weights from -127 to 127 for each layer, biases to match, and how each layer's outputs are made small.

    `images` show how large the values become between the layers.
    """
    layers: list[reader.Layer] = []
    values: list[Any] = [reader.image_of(reader.spelled(image.ravel().tolist())) for image in images]
    unit = 1.0  # what 1 stands for in the values that enter
    for place, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        step = float(np.abs(weight).max()) / 127
        whole = np.rint(weight / step).astype(int)
        shifted = np.rint(bias / (step * unit)).astype(int)
        layer = reader.Layer(whole.tolist(), shifted.tolist(), 0)
        given = [reader.applied(layer, place, one) for one in values]
        if place < 4:
            most = np.percentile(np.array([[max(one, 0) for one in each] for each in given]), 99.9)
            layer = reader.Layer(layer.weights, layer.biases, max(1, round(most / 255)))
            values = [reader.passed_on(layer, place, one) for one in given]
            unit *= step * layer.divisor
        layers.append(layer)
    return reader.Weights(tuple(layers))


def measured(weights: reader.Weights, images: Array, digits: Array) -> int:
    """How many of these digits it reads rightly, with what the page computes."""
    said = [reader.read(reader.spelled(image.ravel().tolist()), weights).says for image in images]
    return int((np.array(said) == digits).sum())


def main() -> None:
    """Teach, measure, write."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--check", action="store_true", help="measure the weights that are there")
    others = drawn(TESTED, SEED_OF_TEST)
    if asked.parse_args().check:
        print(f"{measured(reader.weights(), *others):,} of {TESTED:,} read rightly")
        return
    images, digits = drawn(TAUGHT, SEED)
    print(f"{TAUGHT:,} digits drawn", flush=True)
    weights = rounded(taught(images, digits), images[:200])
    right = measured(weights, *others)
    print(f"{right:,} of {TESTED:,} read rightly")
    examples = tuple(reader.spelled(image.ravel().tolist()) for image in others[0][:10])
    WEIGHTS.write_bytes(reader.packed(reader.Weights(weights.layers, right, TESTED, examples)))


if __name__ == "__main__":
    main()
