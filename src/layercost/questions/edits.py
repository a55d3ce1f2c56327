"""Every small edit of a derivation that somebody makes by a slip, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain, combinations

from layercost.expression import (
    CeilQuotient,
    Constant,
    Definition,
    Difference,
    ExactQuotient,
    Expression,
    Product,
    Sum,
    Symbol,
    symbols,
    walk,
)
from layercost.questions.editing import (
    ONE,
    QUOTIENTS,
    Edit,
    Effect,
    Path,
    always,
    inside,
    negated,
    nothing,
    one_less,
    one_more,
    over,
    plus,
    rounded_otherwise,
    squared,
    through,
    times,
    undivided,
    value_with,
)
from layercost.questions.slip import Kind, Letter, Slip

LINEAR = (Sum, Difference, Product)  # the number depends linearly on each part; other nodes are taken whole

# The order in which slips are believed: what is left out, what is taken for something else, what is rare.
DROP, ROUND = 10, 10
SIMPLE_FACTOR, SIGN, SWAP_CONSTANT = 14, 15, 16
SWAP, SQUARE, ONE_OFF_ALL, ONE_OFF = 16, 17, 17, 18
SWAP_FURTHER, FACTOR, EXTRA = 20, 20, 20
FACTOR_FURTHER, FACTORS, DIVISOR = 22, 22, 22
RARE = 26
INSIDE = 2  # more for a slip inside of a definition or a quotient

SIMPLE = (2, 4)
THOUSANDS = (1000, 1024)
STANDING_IN = (1, 2, 4, 1000, 1024)


@dataclass(frozen=True)
class Pool:
    """The letters that somebody can take: those of the derivation, those within its definitions, others."""

    shown: tuple[Letter, ...]
    inner: tuple[Letter, ...]
    further: tuple[Letter, ...]
    numbers: tuple[int, ...] = STANDING_IN  # what somebody takes for a letter

    @property
    def own(self) -> tuple[Letter, ...]:
        """Every letter that the derivation uses."""
        return (*self.shown, *self.inner)

    def inside(self, node: Expression) -> Pool:
        """What somebody takes within a definition: letters of any definition; in a quotient: any letter."""
        if not isinstance(node, Definition):
            return Pool(tuple(letter for letter in self.own if isinstance(letter, Symbol)), (), (), ())
        meanings = [one.meaning for one in self.shown if isinstance(one, Definition)]
        return Pool(tuple(dict.fromkeys(chain.from_iterable(map(symbols, meanings)))), (), (), ())


def pool_of(right: Expression, further: Mapping[str, int]) -> Pool:
    """The letters of a question, in reading order."""
    shown = {node.name: node for node in shown_in(right) if isinstance(node, Symbol | Definition)}
    inner = {symbol.name: symbol for symbol in symbols(right) if symbol.name not in shown}
    others = (Symbol(name, number) for name, number in further.items() if name not in shown | inner)
    return Pool(tuple(shown.values()), tuple(inner.values()), tuple(others))


def shown_in(formula: Expression) -> Iterator[Expression]:
    """The nodes of a formula, without those inside of definitions."""
    yield formula
    if not isinstance(formula, Definition):
        for child in formula.children:
            yield from shown_in(child)


def every_edit(right: Expression, pool: Pool) -> Iterator[Edit]:
    """Every edit of a derivation, in the order in which those of the same cost are believed."""
    often = _times_shown(right)
    yield from edits_of(right, pool)
    yield from _inside_of_all(right, often, pool)
    for letter in pool.shown:
        if often[letter.name] > 1:
            yield from edits_everywhere(letter, pool)
    yield from _through_definitions(pool)


def _times_shown(formula: Expression) -> dict[str, int]:
    often: dict[str, int] = {}
    for node in shown_in(formula):
        if isinstance(node, Symbol | Definition):
            often[node.name] = often.get(node.name, 0) + 1
    return often


# ---- at one place ------------------------------------------------------------------------------


def edits_of(formula: Expression, pool: Pool) -> Iterator[Edit]:
    """Every edit of one place of `formula`, but not inside of what is not linear."""
    for node, path, parent in _placed(formula, (), None, whole=True):
        yield from _edits_at(node, path, parent, pool, whole=True)


def _edits_at(
    node: Expression, path: Path, parent: Expression | None, pool: Pool, *, whole: bool
) -> Iterator[Edit]:
    """Every edit of one node, of the whole derivation or within a definition or a quotient."""
    yield from _dropping(node, path, parent)
    atom = isinstance(node, Symbol | Definition | Constant)
    if atom:
        yield from _instead(node, path, parent, pool)
    if whole and (not isinstance(parent, Product) or not atom):
        yield from _further(node, path, parent, pool)
    if isinstance(node, QUOTIENTS) and not whole:
        yield from _of_quotient(node, path)


def _placed(
    node: Expression, path: Path, parent: Expression | None, whole: bool
) -> Iterator[tuple[Expression, Path, Expression | None]]:
    yield node, path, parent
    if isinstance(node, LINEAR) or (not whole and not isinstance(node, Definition)):
        for place, child in enumerate(node.children):
            yield from _placed(child, (*path, place), node, whole)


def _dropping(node: Expression, path: Path, parent: Expression | None) -> Iterator[Edit]:
    """The node is left out, or has the other sign."""
    if isinstance(parent, Product):
        yield Edit(Slip(Kind.DROPPED_FACTOR, node), DROP, Effect.BECOMES, 1, nothing, path)
    if isinstance(parent, Sum) or (isinstance(parent, Difference) and path[-1] == 1):
        place = _place(path, parent)
        yield Edit(Slip(Kind.DROPPED_TERM, node, place=place), DROP, Effect.BECOMES, 0, nothing, path)
        kind = Kind.SUBTRACTED if isinstance(parent, Sum) else Kind.ADDED
        yield Edit(Slip(kind, node, place=place), SIGN, Effect.TIMES, -1, negated, path)


def _instead(node: Expression, path: Path, parent: Expression | None, pool: Pool) -> Iterator[Edit]:
    """Another letter or number stands where this one belongs."""
    place = _place(path, parent)
    for new, cost in _replacements(node, pool):
        if not (new == ONE and isinstance(parent, Product)):
            slip = Slip(Kind.REPLACED, node, new, place=place)
            yield Edit(slip, cost, Effect.BECOMES, new.value, partial(always, new), path)
    yield Edit(Slip(Kind.ONE_MORE, node, place=place), ONE_OFF, Effect.PLUS, 1, one_more, path)
    yield Edit(Slip(Kind.ONE_LESS, node, place=place), ONE_OFF, Effect.PLUS, -1, one_less, path)
    if not isinstance(node, Constant):
        slip = Slip(Kind.SQUARED, node, place=place)
        yield Edit(slip, SQUARE, Effect.BECOMES, node.value**2, squared, path)


def _place(path: Path, parent: Expression | None) -> int:
    """Which term it is, from 1 on, where nothing else tells one mere number from another."""
    nameless = isinstance(parent, Sum) and all(isinstance(term, Constant) for term in parent.children)
    return path[-1] + 1 if nameless else 0


def _replacements(node: Expression, pool: Pool) -> Iterator[tuple[Expression, int]]:
    """What can stand in the place of a letter or a number, and what it costs."""
    if isinstance(node, Symbol | Definition):
        for letters, cost in ((pool.shown, SWAP), ((*pool.inner, *pool.further), SWAP_FURTHER)):
            yield from ((letter, cost) for letter in letters if letter.name != node.name)
        numbers, cost = pool.numbers, RARE
    else:
        numbers, cost = STANDING_IN, SWAP_CONSTANT
    yield from ((Constant(number), cost) for number in numbers if number != node.value)


def _further(node: Expression, path: Path, parent: Expression | None, pool: Pool) -> Iterator[Edit]:
    """A further factor or divisor; and a further term, of the whole or in parentheses."""
    old = None if parent is None else node
    if parent is None and not isinstance(node, Symbol | Definition | Constant):
        yield Edit(Slip(Kind.ONE_MORE), ONE_OFF_ALL, Effect.PLUS, 1, one_more, path)
        yield Edit(Slip(Kind.ONE_LESS), ONE_OFF_ALL, Effect.PLUS, -1, one_less, path)
    for new, cost in _further_factors(path, parent, pool):
        slip = Slip(Kind.EXTRA_FACTOR, old, new)
        yield Edit(slip, cost, Effect.TIMES, new.value, partial(times, new), path)
    for new in chain(map(Constant, (*SIMPLE, *THOUSANDS)), pool.own):
        if new.value > 1:
            cost = DIVISOR if isinstance(new, Constant) else RARE
            slip = Slip(Kind.EXTRA_DIVISOR, old, new)
            yield Edit(slip, cost, Effect.OVER, new.value, partial(over, new), path)
    if parent is None or (isinstance(node, Sum | Difference) and isinstance(parent, Product)):
        for letters, cost in ((pool.shown, EXTRA), ((*pool.inner, *pool.further), RARE)):
            for letter in letters:
                slip = Slip(Kind.EXTRA_TERM, old, letter)
                yield Edit(slip, cost, Effect.PLUS, letter.value, partial(plus, letter), path)


def _further_factors(path: Path, parent: Expression | None, pool: Pool) -> Iterator[tuple[Expression, int]]:
    for numbers, cost in ((SIMPLE, SIMPLE_FACTOR), ((3,), FACTOR), (THOUSANDS, RARE)):
        yield from ((Constant(number), cost) for number in numbers)
    for letters, cost in ((pool.shown, FACTOR), ((*pool.inner, *pool.further), FACTOR_FURTHER)):
        yield from ((letter, cost) for letter in letters)
    yield from ((area, FACTOR_FURTHER) for area in _areas(pool))
    if isinstance(parent, Sum):
        for term in parent.children[: path[-1]]:
            yield from ((Product(some), FACTORS) for some in _some_factors(term))


def _areas(pool: Pool) -> Iterator[Expression]:
    """The positions of a map, as somebody takes a weight for each of them."""
    known = {letter.name: letter for letter in (*pool.own, *pool.further)}
    for height, width in (("H", "W"), ("H_out", "W_out")):
        if height in known and width in known:
            yield Product((known[height], known[width]))


def _some_factors(term: Expression) -> list[tuple[Expression, ...]]:
    """Two or three factors of a term, as somebody multiplies a bias by them as well."""
    if not isinstance(term, Product):
        return []
    factors = [one for one in term.children if not isinstance(one, Constant)][:5]
    return list(dict.fromkeys(chain(combinations(factors, 2), combinations(factors, 3))))


def _of_quotient(node: Expression, path: Path) -> Iterator[Edit]:
    """A quotient that is rounded the other way, or not taken at all."""
    left, right = node.children
    slip = Slip(Kind.DROPPED_DIVISION, right)
    yield Edit(slip, DROP, Effect.BECOMES, left.value, undivided, path)
    if not isinstance(node, ExactQuotient) and left.value % right.value:
        rounded = rounded_otherwise(node)
        kind = Kind.ROUNDED_UP if isinstance(rounded, CeilQuotient) else Kind.ROUNDED_DOWN
        yield Edit(Slip(kind), ROUND, Effect.BECOMES, rounded.value, rounded_otherwise, path)


# ---- inside of definitions and of quotients ----------------------------------------------------


def _inside_of_all(right: Expression, often: Mapping[str, int], pool: Pool) -> Iterator[Edit]:
    known: dict[str, list[Edit]] = {}
    for node, path, _ in _placed(right, (), None, whole=True):
        if isinstance(node, Definition) and node.name not in known:
            known[node.name] = edits = list(_inside_of(node, pool))
            once = often[node.name] == 1
            yield from (one._replace(path=path) if once else _of_letters(one, node.name) for one in edits)
        elif not isinstance(node, (*LINEAR, Definition)):
            yield from (one._replace(path=path) for one in _inside_of(node, pool))
    if len(known) == 2:
        yield from _along_both_sides(*known.items())


def _of_letters(edit: Edit, *letters: str) -> Edit:
    return edit._replace(path=(), letters=letters)


def _inside_of(node: Expression, pool: Pool) -> Iterator[Edit]:
    """Every edit of the formula of a definition, or within what is not linear, as an edit of the whole."""
    formula, within = (node.meaning, (node.name,)) if isinstance(node, Definition) else (node, ())
    right, taken = formula.value, pool.inside(node)
    for part, path, parent in _placed(formula, (), None, whole=False):
        value = part.value
        for edit in _edits_at(part, path, parent, taken, whole=False):
            result = edit.result(value)
            changed = None if result is None else value_with(formula, path, result)
            if changed is not None and changed != right:
                change = partial(inside, {path: (edit.change,)})
                slip = edit.slip._replace(within=within)
                yield Edit(slip, edit.cost + INSIDE, Effect.BECOMES, changed, change, path)


def _along_both_sides(first: tuple[str, list[Edit]], second: tuple[str, list[Edit]]) -> Iterator[Edit]:
    """The same slip in the formula of the height and in that of the width."""
    both = (first[0], second[0])
    known = {_what(edit) for edit in second[1]}
    for edit in first[1]:
        if _what(edit) in known:
            yield edit._replace(slip=edit.slip._replace(within=both), path=(), letters=both)


def _what(edit: Edit) -> tuple[object, ...]:
    return edit.slip.kind, edit.slip.old, edit.slip.new, edit.path


# ---- everywhere --------------------------------------------------------------------------------


def edits_everywhere(letter: Letter, pool: Pool) -> Iterator[Edit]:
    """Every edit of a letter wherever it stands; its amount is the letter's new number."""
    made = partial(Slip, old=letter, everywhere=True)
    edit = partial(Edit, effect=Effect.BECOMES, letters=(letter.name,))
    # a product leaves the 1 out, and a term of its own stays
    yield edit(made(Kind.DROPPED_FACTOR), DROP, amount=1, change=partial(always, ONE))
    for new, cost in _replacements(letter, pool):
        if new != ONE:
            slip = made(Kind.REPLACED, new=new)
            yield edit(slip, cost, amount=new.value, change=partial(always, new))
    yield edit(made(Kind.SQUARED), SQUARE, amount=letter.value**2, change=squared)
    yield edit(made(Kind.ONE_MORE), ONE_OFF, amount=letter.value + 1, change=one_more)
    yield edit(made(Kind.ONE_LESS), ONE_OFF, amount=letter.value - 1, change=one_less)


def _through_definitions(pool: Pool) -> Iterator[Edit]:
    """A letter that stands in the formula and inside of its definitions, replaced in all of them."""
    definitions = [letter for letter in pool.shown if isinstance(letter, Definition)]
    for letter in pool.shown:
        holding = [one.name for one in definitions if letter in walk(one.meaning)]
        for edit in edits_everywhere(letter, pool) if holding and isinstance(letter, Symbol) else ():
            if edit.slip.kind is not Kind.DROPPED_FACTOR:
                change = partial(through, letter.name, edit.change)
                yield edit._replace(letters=(letter.name, *holding), change=change, cost=edit.cost + 1)
