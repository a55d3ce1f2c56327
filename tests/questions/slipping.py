"""Random questions, and random slips in their derivations, made without the search that is to find them.

A slip is drawn on a derivation as nested tuples of its own kind, and an expression is compared with another
by its numbers for other letters; none of it uses the edits of `layercost.questions`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from random import Random
from typing import Any, NamedTuple

import layercost as lc
from layercost import expression as ex
from layercost.misconception import Task
from layercost.questions.task import derivation, measure_named
from layercost.shape import shape_of

Tree = Any  # ("letter", name), ("number", n), ("define", name, meaning), or (sign, part, ...)
SIGNS: dict[type[ex.Expression], str] = {
    ex.Sum: "+", ex.Difference: "-", ex.Product: "*", ex.FloorQuotient: "floor", ex.CeilQuotient: "ceil",
    ex.ExactQuotient: "exact", ex.Power: "**", ex.Maximum: "max", ex.Minimum: "min",
}  # fmt: skip


class Question(NamedTuple):
    """A task, its derivation, and letters that the question has besides."""

    kind: str
    task: Task
    right: ex.Expression
    further: dict[str, int]
    square: bool  # height and width are the same number


# ---- questions -----------------------------------------------------------------------------------


def channels(random: Random) -> int:
    """Few as often as many."""
    return round(math.exp(random.uniform(math.log(3), math.log(512))))


def image(random: Random, maps: int, kernel: int) -> tuple[int, int, int]:
    height = random.randint(max(7, kernel), 256)
    width = height if random.random() < 0.7 else random.randint(max(7, kernel), 256)
    return maps, height, width


def conv(random: Random) -> tuple[lc.Layer, tuple[int, ...]]:
    kernel = random.randint(1, 11)
    maps, groups = channels(random), random.choice([1, 1, 1, 2, 4])
    layer = lc.Conv2d(
        groups * maps,
        groups * channels(random),
        kernel,
        stride=random.choice([1, 1, 2, 3, 4]),
        padding=random.choice([0, kernel // 2, random.randint(0, 3)]),
        groups=groups,
        bias=random.random() < 0.7,
    )
    return layer, image(random, groups * maps, kernel)


def linear(random: Random) -> tuple[lc.Layer, tuple[int, ...]]:
    layer = lc.Linear(random.randint(3, 4096), channels(random) + 5, bias=random.random() < 0.8)
    return layer, (layer.in_features,)


def pool(random: Random) -> tuple[lc.Layer, tuple[int, ...]]:
    kernel = random.randint(2, 7)
    kind = random.choice([lc.MaxPool2d, lc.AvgPool2d])
    layer = kind(kernel, random.randint(1, 4), padding=random.randint(0, kernel // 2))
    return layer, image(random, channels(random), kernel)


def batch_norm(random: Random) -> tuple[lc.Layer, tuple[int, ...]]:
    maps = channels(random)
    return lc.BatchNorm2d(maps), image(random, maps, 7)


def recurrent(random: Random) -> tuple[lc.Layer, tuple[int, ...]]:
    kind = random.choice([lc.LSTM, lc.GRU])
    inputs = channels(random)
    return kind(inputs, channels(random)), (random.randint(5, 100), inputs)


def embedding(random: Random) -> tuple[lc.Layer, tuple[int, ...]]:
    return lc.Embedding(random.randint(1000, 50000), channels(random)), (random.randint(5, 100),)


def network(random: Random) -> tuple[lc.Layer, tuple[int, ...]]:
    """A convolution with a linear layer behind it."""
    layer, shape = conv(random)
    parts = {"conv1": layer, "relu1": lc.ReLU(), "pool1": lc.MaxPool2d(2), "flatten": lc.Flatten()}
    arriving = lc.Sequential(parts).output_shape(shape)
    return lc.Sequential({**parts, "fc1": lc.Linear(int(arriving[0]), random.randint(10, 500))}), shape


# what is drawn, what is asked of it, under which convention, and of which part
KINDS: dict[str, tuple[Callable[[Random], Any], str, str, str]] = {
    "parameters of a linear layer": (linear, "parameters", "textbook", ""),
    "FLOPs of a linear layer": (linear, "flops", "textbook", ""),
    "bytes of a linear layer": (linear, "parameter_bytes", "textbook", ""),
    "parameters of a convolution": (conv, "parameters", "textbook", ""),
    "MACs of a convolution": (conv, "macs", "textbook", ""),
    "FLOPs of a convolution": (conv, "flops", "textbook", ""),
    "bytes of a convolution": (conv, "parameter_bytes", "textbook", ""),
    "output size of a convolution": (conv, "output_size", "textbook", ""),
    "FLOPs of pooling": (pool, "flops", "everything", ""),
    "FLOPs of batch normalization": (batch_norm, "flops", "everything", ""),
    "parameters of a recurrent layer": (recurrent, "parameters", "textbook", ""),
    "MACs of a recurrent layer": (recurrent, "macs", "textbook", ""),
    "parameters of an embedding": (embedding, "parameters", "textbook", ""),
    "bytes of an embedding": (embedding, "parameter_bytes", "textbook", ""),
    "parameters of a part": (network, "parameters", "textbook", "fc1"),
    "MACs of a part": (network, "macs", "textbook", "conv1"),
    "parameters of a network": (network, "parameters", "textbook", ""),
}


def questions(random: Random) -> Iterator[Question]:
    """One question after another, of all kinds in turn."""
    while True:
        for kind, (draw, measure, convention, part) in KINDS.items():
            try:
                yield _question(random, kind, draw, measure, convention, part)
            except (lc.LayerError, lc.ShapeError):
                continue  # numbers that make no layer


def _question(random: Random, kind: str, draw: Any, measure: str, convention: str, part: str) -> Question:
    layer, shape = draw(random)
    batch = random.choice([1, 1, 16, 32]) if measure in ("macs", "flops") else 1
    task = Task(
        layer, measure_named(measure), shape_of(shape), lc.CONVENTIONS[convention], part=part, batch=batch
    )
    known = {symbol.name for symbol in ex.symbols(derivation(task))}
    letters = {"C": shape[0], "H": shape[1], "W": shape[2]} if len(shape) == 3 else {}
    further = {name: size for name, size in letters.items() if name not in known and "C_in" not in known}
    return Question(kind, task, derivation(task), further, len(shape) == 3 and shape[1] == shape[2])


# ---- derivations as tuples -----------------------------------------------------------------------


def as_tree(formula: ex.Expression) -> Tree:
    """A derivation as nested tuples."""
    match formula:
        case ex.Symbol(name=name):
            return ("letter", name)
        case ex.Constant(number=number):
            return ("number", number)
        case ex.Definition(name=name, meaning=meaning):
            return ("define", name, as_tree(meaning))
    return (SIGNS[type(formula)], *map(as_tree, formula.children))


def value_of(tree: Tree, numbers: Mapping[str, int]) -> Fraction:
    """The number of a derivation, for these numbers of its letters; a quotient need not leave nothing."""
    sign, *parts = tree
    if sign == "letter":
        return Fraction(numbers[parts[0]])
    if sign == "number":
        return Fraction(parts[0])
    if sign == "define":
        return value_of(parts[1], numbers)
    first, *others = (value_of(part, numbers) for part in parts)
    return _OPERATIONS[sign](first, *others)


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": lambda *parts: sum(parts),
    "-": lambda left, right: left - right,
    "*": lambda *parts: math.prod(parts),
    "floor": lambda left, right: Fraction(left // right),
    "ceil": lambda left, right: Fraction(-(-left // right)),
    "exact": lambda left, right: left / right,
    "**": lambda left, right: left ** int(right),
    "max": max,
    "min": min,
}


def places(tree: Tree, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Tree]]:
    """Every place of a derivation, with what stands there; a definition is one place."""
    yield path, tree
    for at, part in enumerate(tree):
        if isinstance(part, tuple) and tree[0] != "define":
            yield from places(part, (*path, at))


def put(tree: Tree, path: tuple[int, ...], new: Tree) -> Tree:
    """The derivation with something else at one place."""
    if not path:
        return new
    at, *rest = path
    return (*tree[:at], put(tree[at], tuple(rest), new), *tree[at + 1 :])


def swapped(tree: Tree, old: Tree, new: Tree) -> Tree:
    """The derivation with `new` wherever `old` stands."""
    if tree == old:
        return new
    return tuple(swapped(part, old, new) if isinstance(part, tuple) else part for part in tree)


# ---- slips ---------------------------------------------------------------------------------------

Slip = Callable[[Random, Tree, list[Tree]], Tree | None]


def _some(random: Random, tree: Tree, wanted: Callable[[Tree], bool]) -> tuple[tuple[int, ...], Tree] | None:
    found = [(path, node) for path, node in places(tree) if wanted(node)]
    return random.choice(found) if found else None


def _letters(random: Random, letters: list[Tree]) -> Tree:
    return random.choice([*letters, *letters, *(("number", n) for n in (1, 2, 4, 1000, 1024))])


def drop_part(random: Random, tree: Tree, letters: list[Tree]) -> Tree | None:
    """A term or a factor is left out."""
    chosen = _some(random, tree, lambda node: node[0] in "+*")
    if chosen is None:
        return None
    path, node = chosen
    gone = random.randrange(1, len(node))
    left = (*node[:gone], *node[gone + 1 :])
    return put(tree, path, left if len(left) > 2 else left[1])


def drop_everywhere(random: Random, tree: Tree, letters: list[Tree]) -> Tree | None:
    return swapped(tree, random.choice(letters), ("number", 1))


def replace_one(random: Random, tree: Tree, letters: list[Tree]) -> Tree | None:
    chosen = _some(random, tree, lambda node: node[0] in ("letter", "define"))
    return None if chosen is None else put(tree, chosen[0], _letters(random, letters))


def replace_everywhere(random: Random, tree: Tree, letters: list[Tree]) -> Tree | None:
    return swapped(tree, random.choice(letters), random.choice(letters))


def further_factor(random: Random, tree: Tree, letters: list[Tree]) -> Tree | None:
    """The whole or a term is multiplied or divided once more."""
    terms = [path for path, node in places(tree) if not path or _get(tree, path[:-1])[0] == "+"]
    path = random.choice(terms)
    new, node = _letters(random, letters), _get(tree, path)
    divided = new[0] == "number" and random.random() < 0.5
    return put(tree, path, ("exact", node, new) if divided else ("*", node, new))


def _get(tree: Tree, path: tuple[int, ...]) -> Tree:
    for at in path:
        tree = tree[at]
    return tree


def square(random: Random, tree: Tree, letters: list[Tree]) -> Tree | None:
    chosen = _some(random, tree, lambda node: node[0] == "letter")
    return None if chosen is None else put(tree, chosen[0], ("*", chosen[1], chosen[1]))


def round_otherwise(random: Random, tree: Tree, letters: list[Tree]) -> Tree | None:
    chosen = _some(random, tree, lambda node: node[0] == "floor")
    return None if chosen is None else put(tree, chosen[0], ("ceil", *chosen[1][1:]))


def one_off(random: Random, tree: Tree, letters: list[Tree]) -> Tree | None:
    chosen = _some(random, tree, lambda node: node[0] in ("letter", "define"))
    if chosen is None:
        return None
    return put(tree, chosen[0], (random.choice("+-"), chosen[1], ("number", 1)))


def other_sign(random: Random, tree: Tree, letters: list[Tree]) -> Tree | None:
    chosen = _some(random, tree, lambda node: node[0] in "+-" and len(node) == 3)
    if chosen is None:
        return None
    path, (sign, left, right) = chosen
    return put(tree, path, ("-" if sign == "+" else "+", left, right))


def bias_multiplied(random: Random, tree: Tree, letters: list[Tree]) -> Tree | None:
    """The last term of a sum gets factors of its first."""
    chosen = _some(random, tree, lambda node: node[0] == "+" and node[1][0] == "*")
    if chosen is None:
        return None
    path, node = chosen
    factors = random.sample(node[1][1:], min(2, len(node[1]) - 1))
    return put(tree, path, (*node[:-1], ("*", node[-1], *factors)))


def another_size(random: Random, tree: Tree, letters: list[Tree]) -> Tree | None:
    """An output size is the input size, or comes out without padding, or with one side's, or without + 1."""
    chosen = _some(random, tree, lambda node: node[0] == "define")
    if chosen is None:
        return None
    name, meaning = chosen[1][1:]
    side, p = ("letter", name[0]), ("letter", "p")
    new = random.choice([
        side,
        ("define", name, swapped(meaning, ("*", ("number", 2), p), ("number", 0))),
        ("define", name, swapped(meaning, ("*", ("number", 2), p), p)),
        ("define", name, meaning[1]),
    ])  # fmt: skip
    return swapped(tree, chosen[1], new)


SLIPS = (
    drop_part, drop_part, drop_everywhere, replace_one, replace_one, replace_everywhere, further_factor,
    further_factor, square, round_otherwise, one_off, other_sign, bias_multiplied, another_size,
)  # fmt: skip


def _somewhere(random: Random, slip: Slip, tree: Tree, letters: list[Tree]) -> Tree | None:
    """The slip in the formula, or now and then in that of a definition: a size is worked out once."""
    found = [node for _, node in places(tree) if node[0] == "define"]
    if slip is another_size or not found or (tree[0] != "define" and random.random() < 0.75):
        return slip(random, tree, letters)
    definition = random.choice(found)
    inner = sorted({node for _, node in places(definition[2]) if node[0] == "letter"})
    changed = slip(random, definition[2], inner) if inner else None
    return None if changed is None else swapped(tree, definition, ("define", definition[1], changed))


class Slipped(NamedTuple):
    """A question with a wrong derivation and its number."""

    question: Question
    wrong: Tree
    answer: int
    slips: tuple[str, ...]


def slipped(random: Random, question: Question, count: int) -> Slipped | None:
    """The question with so many slips; None where they give no whole positive number, or change nothing."""
    tree = right = as_tree(question.right)
    letters = [("letter", name) for name in question.further]
    letters += sorted({node for _, node in places(tree) if node[0] in ("letter", "define")}, key=str)
    if not letters:
        letters = [("number", 2)]
    made = []
    for _ in range(count):
        slip = random.choice(SLIPS)
        changed = _somewhere(random, slip, tree, letters)
        if changed is None:
            return None
        tree = changed
        made.append(slip.__name__)
    numbers = numbers_of(question)
    try:
        answer = value_of(tree, numbers)
    except ZeroDivisionError:
        return None
    if tree == right or answer.denominator != 1 or answer <= 0:
        return None
    return Slipped(question, tree, int(answer), tuple(made))


# ---- comparing -----------------------------------------------------------------------------------


def numbers_of(question: Question) -> dict[str, int]:
    return question.further | {symbol.name: symbol.number for symbol in ex.symbols(question.right)}


def same_for_all_numbers(question: Question, one: Tree, other: Tree, tries: int = 20) -> bool:
    """Whether two derivations agree for other numbers of the letters too; a square image stays square."""
    names = numbers_of(question)
    random = Random(tries)  # noqa: S311 - any numbers will do
    for _ in range(tries):
        numbers = {name: random.randint(60, 300) if name in "HW" else random.randint(2, 40) for name in names}
        if question.square and {"H", "W"} <= set(numbers):
            numbers["W"] = numbers["H"]
        try:
            if value_of(one, numbers) != value_of(other, numbers):
                return False
        except ZeroDivisionError:
            continue
    return True
