"""Quantised weights with numpy: how far a weight moves, and what the bytes come to."""

from __future__ import annotations

import numpy as np
import pytest

import layercost as lc
from layercost import forward
from layercost.analysis.formats import FORMATS
from layercost.expression import TEXT, equation
from layercost.forward.quantized import large, quantized


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("group", [3, 8, 32])
def test_no_weight_moves_by_more_than_half_a_scale(bits: int, group: int) -> None:
    weights = np.random.default_rng(0).normal(size=(5, 32))
    arrays = quantized(weights, bits, group)
    scale = arrays["scale"][:, np.arange(32) // group]
    assert np.all(np.abs(large(arrays, group) - weights) <= scale / 2 + 1e-12)
    assert set(np.unique(arrays["weight"])) <= set(range(2**bits))


def test_a_map_with_quantised_weights_is_near_the_map() -> None:
    random = np.random.default_rng(1)
    weights, values = random.normal(size=(4, 64)), random.normal(size=(3, 64))
    layer = lc.QuantizedLinear(64, 4, bits=8, group_size=16, zero_point=True, bias=False)
    given = forward.run(layer, values, quantized(weights, 8, 16))
    assert np.allclose(given, values @ weights.T, atol=0.1)


def test_the_bytes_of_a_map_are_those_of_the_format() -> None:
    layer = lc.QuantizedLinear(4096, 11008, zero_point=True, bias=False)
    assert layer.stored_bytes() == FORMATS["int4-g128-zero"].bytes_of(4096 * 11008)
    formula = equation(layer.lettered().stored_bytes(), TEXT)
    assert formula.startswith("⌈(b·d_out·d_in + (s + z)·d_out·n_G)/8⌉")


def test_a_bias_stays_in_sixteen_bits() -> None:
    with_bias, without = (lc.QuantizedLinear(128, 64, bias=bias).stored_bytes() for bias in (True, False))
    assert int(with_bias) - int(without) == 2 * 64
