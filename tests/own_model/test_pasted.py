"""Models as pasted text: code and what PyTorch prints is read; what is neither is refused by its line."""

from __future__ import annotations

import time

import pytest

import layercost as lc
from layercost.pasted import DEEPEST, LONGEST, MOST_LAYERS, pasted
from layercost.shape import ShapeError

PRINTED = """\
Sequential(
  (0): Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1))
  (1): ReLU(inplace=True)
  (2): Sequential(
    (flat): Flatten(start_dim=1, end_dim=-1)
    (fc): Linear(in_features=4704, out_features=10, bias=True)
  )
)
"""


def test_lines_are_layers_with_or_without_names() -> None:
    layer, shape = pasted(
        "1x32x32\nconv1 = nn.Conv2d(1, 6, 5)\nTanh(),\nself.pool = AvgPool2d(2)\n(2): Flatten()"
    )
    assert shape == (1, 32, 32)
    assert [name for name, _ in layer.leaves()] == ["conv1", "1", "pool", "2"]
    assert lc.count(layer, lc.PARAMETERS, shape).total == 6 * 25 + 6


@pytest.mark.parametrize(
    "first",
    [
        "3x8x8", "(3, 8, 8)", "3, 8, 8", "input: 3x8x8", "Input = (3, 8, 8)", "3×8×8", "[3, 8, 8]",
        "torch.Size([3, 8, 8])", "input_shape=(3, 8, 8)",
    ],
)  # fmt: skip
def test_the_first_line_may_be_the_shape_of_the_input(first: str) -> None:
    assert pasted(f"{first}\nReLU()").input == (3, 8, 8)


def test_a_text_without_a_shape_leaves_it_open() -> None:
    assert pasted("Linear(3, 4)").input is None


def test_what_pytorch_prints_of_a_sequential_is_read() -> None:
    layer, shape = pasted(f"1x32x32\n{PRINTED}")
    assert shape is not None
    assert [name for name, _ in layer.leaves()] == ["0", "1", "2.flat", "2.fc"]
    assert lc.count(layer, lc.PARAMETERS, shape).total == 6 * 25 + 6 + 10 * 4704 + 10


def test_one_layer_alone_may_have_lines_of_its_own() -> None:
    layer, _ = pasted("nn.Sequential(\n    nn.Linear(3, 4),  # first\n    nn.ReLU(),\n)")
    assert repr(layer) == "Sequential(Linear(3, 4), ReLU())"


def test_a_name_that_comes_twice_is_kept_apart() -> None:
    layer, _ = pasted("a = ReLU()\na = ReLU()\na = ReLU()")
    assert [name for name, _ in layer.leaves()] == ["a", "a_1", "a_2"]


BROKEN = [
    pytest.param("", "there is none", id="nothing"),
    pytest.param("3x8x8\n\n# no more", "there is none", id="a shape alone"),
    pytest.param("3\nReLU()\nFoo(3)", "line 3: no layer is called 'Foo'", id="an unknown layer"),
    pytest.param("3\nLinear(3, 4", "line 2: a bracket is opened here and never closed", id="a bracket open"),
    pytest.param("3\nReLU()\n)", "line 3: a bracket is closed that was never opened", id="a bracket closed"),
    pytest.param("3\n__import__('os').system('id')", "line 2: expected a layer", id="code"),
    pytest.param("3\nx = [layer for layer in ()]", "line 2: expected", id="a comprehension"),
    pytest.param(
        "3\nNet(\n  (a): Bottleneck(\n    (b): ReLU()\n  )\n)",
        "line 3: what the forward pass of", id="a module",
    ),
    pytest.param("import torch\nReLU()", "line 1: a program is not run here", id="an import"),
    pytest.param("3\nclass Net(nn.Module):\n  a = 1", "line 2: a program is not run here", id="a class"),
    pytest.param(
        'Model: "sequential"\n____\n Layer (type)   Output Shape   Param #\n',
        "line 3: a summary has no strides", id="a summary",
    ),
    pytest.param("1" + " " * (LONGEST - 10) + "z", "line 1: expected", id="spaces without end"),
    pytest.param("ReLU()\n" * (MOST_LAYERS + 1), "layers at most", id="too many layers"),
    pytest.param("x" * (LONGEST + 1), "characters at most", id="too long"),
    pytest.param("(" * 50_000 + ")" * 50_000, "line 1", id="brackets within brackets"),
    pytest.param("Linear(" + "-" * 50_000 + "1, 2)", "line 1", id="signs without end"),
    pytest.param(
        "A(\n" + "(a): Sequential(\n" * 4_000 + "(b): ReLU()\n" + ")\n" * 4_001,
        "nested too deep", id="modules within modules",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), BROKEN)
def test_a_text_that_is_no_model_is_refused_with_its_line(text: str, said: str) -> None:
    begin = time.process_time()
    with pytest.raises((lc.LayerError, ShapeError), match=said.replace("(", r"\(")):
        pasted(text)
    assert time.process_time() - begin < 10


def test_modules_may_stand_within_modules_to_a_depth() -> None:
    inner = "(b): ReLU()\n"
    for _ in range(DEEPEST - 2):
        inner = f"(a): Sequential(\n{inner})\n"
    layer, _ = pasted(f"Net(\n{inner})")
    assert len(list(layer.leaves())) == 1
