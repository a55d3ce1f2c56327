"""The explorer that reads: a digit is drawn, and LeNet-5 goes over it from its first pixel to its answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import accumulate
from typing import Any

from layercost.convention import Quantity
from layercost.counters import count
from layercost.explorers import parts, reader, telling
from layercost.explorers.controls import Sketch, Travel
from layercost.explorers.explorer import Explorer
from layercost.explorers.lenet import LeNet, places_of, work_at_one_place
from layercost.explorers.markup import box, drawing, rectangles, squares, words
from layercost.explorers.shades import Stack, picture_of, shaded, stack_of
from layercost.explorers.subject import Subject
from layercost.layer import Call
from layercost.message import Message
from layercost.message import spoken as _
from layercost.networks import lenet5
from layercost.view import escaped, number, tag

_NETWORK, _SHAPE = lenet5(), (1, reader.IMAGE, reader.IMAGE)
_EVERY_PLACE = 1319  # of the seven layers, one after the other
_PRINTED = 300
_SHOWN_FIRST = 3  # the digit that is drawn when the page opens


@dataclass(frozen=True, eq=False)
class Drawing(LeNet):
    """LeNet-5 and a drawing that it reads."""

    drawing: str = field(kw_only=True)
    reading: reader.Reading = field(kw_only=True)  # what each layer makes of it

    @cached_property
    def _key(self) -> tuple[object, ...]:
        return self.drawing, self.setting

    @cached_property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of the image, and of what each layer gives."""
        outputs = (tuple(map(int, call.output_shape)) for call in self.stages)
        return (self.shape, *outputs)

    @cached_property
    def stacks(self) -> tuple[Stack, ...]:
        """How the maps of the image and of each layer stand."""
        return tuple(map(stack_of, self.shapes))

    @cached_property
    def shades(self) -> tuple[bytes, ...]:
        """The image and what each layer gives, as shades."""
        return tuple(map(shaded, (self.reading.image, *self.reading.stages)))

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """The position at which each layer is done."""
        return tuple(accumulate(map(places_of, self.stages)))

    def at(self, position: int) -> tuple[int, int]:
        """The layer that works at a position, from 0, and how many of its places are done."""
        stage = next(place for place, end in enumerate(self.ends) if position <= end)
        return stage, position - (self.ends[stage - 1] if stage else 0)


class LeNetReadsExplorer(Explorer):
    """A digit is drawn by hand and read by LeNet-5, window by window, while its operations are counted."""

    name = "lenet_reads"
    alone = Explorer.headlined
    controls = (
        Sketch("pixels", Message("draw a digit"), reader.weights().examples[_SHOWN_FIRST],
               reader.weights().examples, main=True),
        Travel("position", Message("reading"), _PRINTED, 0, _EVERY_PLACE, letter="k", main=True),
    )  # fmt: skip

    def build(self, settings: Mapping[str, Any]) -> Drawing:
        drawn = settings["pixels"]
        if isinstance(self._good, Drawing) and self._good.drawing == drawn:
            return self._good
        reading = reader.read(drawn)
        inked = sum(reading.image)
        said = (
            _("a drawing of {cells} cells, read as {digit}", cells=number(inked), digit=reading.says)
            if inked
            else _("an empty page, read as {digit}", digit=reading.says)
        )
        return Drawing(_NETWORK, _SHAPE, said, drawing=drawn, reading=reading)

    def told(self) -> dict[str, Any]:
        network = Subject(_NETWORK, _SHAPE, self.name)  # whatever is drawn, it costs the same
        lines = telling.totals(lambda quantity, by: {(): network.count(quantity, by).total}, [], alone=True)
        return telling.told([quantity.value for quantity in self.headlined], lines)

    def picture(self, built: Drawing, settings: Mapping[str, Any]) -> str:
        stage, done = built.at(settings["position"])
        return tag(
            "figure",
            _pipeline(built, stage, done),
            _close(built, stage, done),
            _answers(built, stage, done),
            tag("figcaption", escaped(_in_short())),
        )

    def odometer(self, built: Drawing, settings: Mapping[str, Any]) -> parts.Odometer:
        stage, done = built.at(settings["position"])
        call = built.stages[stage]
        said = {"layer": call.path, "done": number(done), "places": number(places_of(call))}
        scope = (
            _("{layer}: output {done} of {places}", **said)
            if len(call.output_shape) == 1
            else _("{layer}: position {done} of {places}", **said)
        )
        work = work_at_one_place(call.facts(), places_of(call))
        return parts.Odometer(scope, _wheels(built, stage, done), _("At each: {work}.", work=work))

    def detail(self, built: Drawing, settings: Mapping[str, Any]) -> str:
        return tag("p", escaped(_whose_weights()))

    def rows(self, built: Drawing, settings: Mapping[str, Any]) -> list[tuple[str, int | str, str]]:
        answers = [
            (_("output for {digit}", digit=digit), value, "")
            for digit, value in enumerate(built.reading.answers)
        ]
        return [*answers, (_("read as"), str(built.reading.says), "")]


def _share_read() -> str:
    known = reader.weights()
    return f"{100 * known.right / known.tested:.1f}"


def _in_short() -> str:
    return _("Weights of our own: {share} % of the test digits are read.", share=_share_read())


def _whose_weights() -> str:
    known = reader.weights()
    return _(
        "The weights are our own, whole numbers of one byte. A program drew the digits from which they were "
        "learned; of {tested} others that it drew, {right} are read rightly ({share} %). "
        "No handwriting was among them: yours is the test.",
        tested=number(known.tested), right=number(known.right), share=_share_read(),
    )  # fmt: skip


def _wheels(built: Drawing, stage: int, done: int) -> list[parts.Wheel]:
    """What all layers together have multiplied and added so far, of what the network will."""
    wheels = []
    for name, ends in zip((_("multiplications"), _("additions")), _ends(), strict=True):
        so_far = sum(ends[:stage]) + ends[stage] * done // places_of(built.stages[stage])
        wheels.append(parts.Wheel(name, so_far, sum(ends)))
    return wheels


@cache
def _ends() -> tuple[list[int], ...]:
    """Multiplications and additions of each layer, counted once: they are the same for every drawing."""
    calls = LeNet(_NETWORK, _SHAPE, "").stages
    return tuple(
        [count(one.layer, quantity, one.input_shape).total for one in calls]
        for quantity in (Quantity.MULTIPLICATIONS, Quantity.ADDITIONS)
    )


# ---- the network in small pictures ----------------------------------------------------------------


def _pipeline(built: Drawing, stage: int, done: int) -> str:
    """The image and what each layer has given so far; a touch goes to the end of a layer."""
    names = (_("image"), *(call.path for call in built.stages))
    items = []
    for place, name in enumerate(names):
        known = _known(built, place, stage, done)
        picture = tag("img", src=picture_of(built.shades[place], built.stacks[place], known), alt="")
        items.append(tag(
            "li", picture, tag("span", escaped(name), class_="lc-stage-name"),
            class_="lc-stage" + (" lc-chosen" if place == stage + 1 else ""),
            data_set=f"position={built.ends[place - 1] if place else 0}",
            aria_current="true" if place == stage + 1 else None,
        ))  # fmt: skip
    return tag("ol", *items, class_="lc-pipeline", aria_label=_("the network, from its input to its output"))


def _known(built: Drawing, place: int, stage: int, done: int) -> int:
    """How many cells of each map are known, of the image (0) or of what a layer gives."""
    stack = built.stacks[place]
    if place <= stage:
        return stack.height * stack.width
    return done if place == stage + 1 else 0


# ---- the layer that works -------------------------------------------------------------------------

_WIDTH, _HEIGHT, _TOP = 392, 166, 18
_ROOM = 146
_RIGHT = _WIDTH - _ROOM - 4


@dataclass(frozen=True, slots=True)
class _Maps:
    """Maps in a square of the drawing that begins at `left`."""

    stack: Stack
    left: float

    @property
    def cell(self) -> float:
        return _ROOM / max(self.stack.size)

    def at(self, place: int, row: float, column: float) -> tuple[float, float]:
        """Where a cell of a map begins."""
        left, top = self.stack.corner(place)
        return self.left + (left + column) * self.cell, _TOP + (top + row) * self.cell

    def drawn(self, shades: bytes, known: int) -> Iterator[str]:
        """A frame for each map, and what is known of them."""
        width, height = (size * self.cell for size in self.stack.size)
        yield tag("image", href=picture_of(shades, self.stack, known), x=self.left, y=_TOP,
                  width=width, height=height, preserveAspectRatio="none")  # fmt: skip
        corners = [self.at(place, 0, 0) for place in range(self.stack.maps)]
        sides = self.stack.width * self.cell, self.stack.height * self.cell
        yield rectangles(corners, *sides, "lc-frames")


def _close(built: Drawing, stage: int, done: int) -> str:
    """At the left what the layer reads, with its window; at the right what it has made of it."""
    call, given, gives = built.stages[stage], built.shapes[stage], built.shapes[stage + 1]
    reads, writes = _Maps(built.stacks[stage], 4), _Maps(built.stacks[stage + 1], _RIGHT)
    says = _(
        "{layer} reads {given} and gives {gives}; {done} of {places} places are done.",
        layer=call.path, given="×".join(map(str, given)), gives="×".join(map(str, gives)),
        done=done, places=places_of(call),
    )  # fmt: skip
    heads = (
        words(4, 14, tag("tspan", _("reads {shape}", shape="×".join(map(number, given))))),
        words(_RIGHT, 14, tag("tspan", _("gives {shape}", shape="×".join(map(number, gives))))),
    )
    moving = _moving(call, reads, writes, done) if done else ()
    return drawing(
        "lc-reads", _WIDTH, _HEIGHT, says, *heads,
        *reads.drawn(built.shades[stage], _known(built, stage, stage, done)),
        *writes.drawn(built.shades[stage + 1], done),
        *moving,
    )  # fmt: skip


def _moving(call: Call, reads: _Maps, writes: _Maps, done: int) -> Iterable[str]:
    """The window on each map that is read, the newest cell of each that is written, and rays between them."""
    row, column = divmod(done - 1, writes.stack.width)
    layer: Any = call.layer
    if len(call.output_shape) == 3:
        (high, wide), (rows, columns) = layer.kernel_size, layer.stride
    else:  # each output reads everything
        high, wide, rows, columns = reads.stack.height, reads.stack.width, 0, 0
    corners = [reads.at(place, row * rows, column * columns) for place in range(reads.stack.maps)]
    newest = [writes.at(place, row, column) for place in range(writes.stack.maps)]
    across, down = wide * reads.cell, high * reads.cell
    x, y = max(corners)[0] + across, corners[0][1] + down / 2
    middle = writes.cell / 2
    rays = "".join(f"M{x:.1f} {y:.1f}L{to_x:.1f} {to_y + middle:.1f}" for to_x, to_y in newest)
    yield tag("path", class_="lc-ray", d=rays)
    yield rectangles(corners, across, down, "lc-cell lc-d-k lc-window", data_sym="k")
    yield squares(newest, max(writes.cell, 3), "lc-newest lc-d-cout", data_sym="C_out")


# ---- the answer -----------------------------------------------------------------------------------

_BARS, _BAR = 64, 26


def _answers(built: Drawing, stage: int, done: int) -> str:
    """A bar for each of the ten outputs that is known; the longest is what is read."""
    known = _known(built, len(built.stages), stage, done)
    answers, digit = built.reading.answers, built.reading.says
    finished = known == len(answers)
    says = (
        _("The ten outputs. The largest is that of {digit}: the drawing is read as {digit}.", digit=digit)
        if finished
        else _("The ten outputs, of which {known} are known.", known=known)
    )
    bars = (_bar(place, answers, place < known, finished and place == digit) for place in range(len(answers)))
    return drawing("lc-ten", _WIDTH, _BARS, says, *(part for bar in bars for part in bar))


def _bar(digit: int, answers: reader.Values, is_known: bool, is_read: bool) -> Iterator[str]:
    """A digit, and over it how large its output is, from the smallest to the largest of the ten."""
    x, chosen = 25 + digit * 35, " lc-read" if is_read else ""
    if is_known:
        low, high = min(answers), max(answers)
        height = 2 + (_BARS - 26) * (answers[digit] - low) / max(1, high - low)
        yield box(x, _BARS - 18 - height, _BAR, height, f"lc-output-bar{chosen}")
    yield words(x + _BAR / 2, _BARS - 4, str(digit), f"lc-words lc-digit{chosen}", text_anchor="middle")
