"""The command ``layercost``: tables of networks and layers, conventions, and the networks there are.

Bad input gives one message on stderr and exit status 2. Where a tool stops at a model, what is printed says
why, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, NoReturn

import layercost
from layercost import costing, counters, showing, terminal
from layercost.convention import (
    CONVENTIONS,
    DTYPE_BITS,
    Convention,
    Price,
    Quantity,
    unknown,
)
from layercost.counters import count
from layercost.counting import Count
from layercost.difference import difference
from layercost.expression import HTML, LATEX, TEXT, Notation, defining
from layercost.facts import Kind
from layercost.layer import Layer, layer_from_text
from layercost.message import Message, Words
from layercost.models.from_config import CONFIGURED
from layercost.models.known import KNOWN, Known, is_configured
from layercost.networks import NETWORKS, NetworkEntry, network_named
from layercost.options import by_name, check_name, count_of, one_of, sizes
from layercost.table import FORMATS, Table, table
from layercost.view import json_of

EXAMPLES = f"""\
examples:
  layercost show lenet5
  layercost show lenet5 --version 1998 --convention everything --format md
  layercost show lenet5 --input 1x32x32 --batch 64 --dtype float16 --format json
  layercost show resnet50:v1
  layercost show gpt2 --tokens 128 --format json
  layercost show llama-3-8b --tokens 1 --cached 1024
  layercost difference resnet50:v1 resnet50:v1.5
  layercost layer "Conv2d(3, 6, kernel_size=5)" --input 3x32x32
  layercost layer "Linear(300, 100)" --input 300 --convention macs --format latex
  layercost show vgg16 --as fvcore
  layercost show vgg16 --convention thop --format csv
  layercost layer "LSTM(128, 64, batch_first=True)" --input 10x128 --as torchinfo --format json
  layercost compare resnet50
  layercost compare "Conv2d(3, 64, 3, padding=1)" --input 3x32x32 --batch 8 --format md
  layercost identify 15483821032 vgg16
  layercost identify 4.1G resnet50
  layercost identify 300 million mobilenet_v2 --all
  layercost conventions
  layercost networks
  layercost ask
  layercost ask fully-connected --count 5
  layercost ask --text "How many parameters has Conv2d(3, 64, 7, bias=False)?" --answer 9472
{costing.EXAMPLES}"""
COMPLETION = """
With pip install "layercost[terminal]" tables come with colours in a terminal, and the shell
completes names after: eval "$(register-python-argcomplete layercost)"
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives the exit status: 0, 1 where a tool fails, or 2 for bad input."""
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments))
    except (ValueError, RecursionError) as error:  # all errors of the library are ValueErrors
        print(f"layercost: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output, `head` perhaps, has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0


def _run(arguments: list[str]) -> int:
    if arguments and not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
        raise ValueError(unknown(Message("command"), arguments[0], COMMANDS))
    parser = _parser()
    terminal.complete(parser, _completions)
    try:
        options = parser.parse_args(arguments)
    except SystemExit:  # --help and --version have printed what was asked for
        _say("")
        return 0
    said = options.run(options)
    text, status = said if isinstance(said, tuple) else (said, 0)
    _say(text)
    return int(status)


def _completions() -> dict[str, Iterable[str]]:
    """The words that a shell may offer for an argument, by the argument's name."""
    versions = [f"{name}:{version}" for name, entry in NETWORKS.items() for version in entry.versions]
    networks = [*NETWORKS, *versions, *KNOWN]
    return {
        "network": networks, "first": networks, "second": networks, "model": networks,
        "convention": counters.names(), "dtype": DTYPE_BITS, "format": FORMATS, "dialect": counters.tools(),
        **costing.COMPLETIONS,
    }  # fmt: skip


def _say(text: str) -> None:
    """Print `text`, as UTF-8 where the terminal's own encoding lacks one of its characters."""
    if sys.stdout is None:  # standard output was closed before we began
        return
    try:
        text.encode(sys.stdout.encoding or "utf-8")  # a stream in memory has no encoding
    except UnicodeEncodeError:
        getattr(sys.stdout, "reconfigure", lambda **_: None)(encoding="utf-8")
    print(text, end="" if text.endswith("\n") or not text else "\n", flush=True)


# ---- what each command says ----------------------------------------------------------------------


class Said(NamedTuple):
    """What is printed, and the exit status: 1 where a tool gives no number."""

    text: str
    status: int


def _show(options: argparse.Namespace) -> str | Said:
    if is_configured(options.network):
        return _configured(options)
    if not _is_file(options.network):
        check_name(options.network)
    showing.check_alone(options)
    options.convention, options.dtype = options.convention or "textbook", options.dtype or "float32"
    if isinstance(options.input, dict) and not _is_file(options.network):
        raise ValueError("--input NAME=SHAPE is for files; a network by name has one input, as 1x32x32")
    if options.dialect is not None and not _is_file(options.network):
        return _reading(_published(options.network, options.version), options)
    net = _network(options)
    if options.dialect is not None:
        return _reading(net, options)
    shown_table = _table(net, options)
    return Said(_written(shown_table, options.format), _status(shown_table.failure))


def _configured(options: argparse.Namespace) -> Said:
    """A model from its configuration, which has a usual number format and convention of its own."""
    model = showing.model_of(options)
    options.input = showing.input_of(model, options)
    if options.dialect is not None:
        return _reading(model, options)
    shown_table = showing.table_of(model, options)
    return Said(_written(shown_table, options.format), _status(shown_table.failure))


def _status(failure: Words | None) -> int:
    return 0 if failure is None else 1


def _written(shown_table: Table, form: str) -> str:
    """A table in a format; as text, with colours where the terminal shows them."""
    return terminal.written(shown_table) if form == "text" else shown_table.render(form)


def _network(options: argparse.Namespace) -> Layer:
    """A network by its name, or the model in an ONNX file."""
    if not _is_file(options.network):
        return by_name(options.network, options.version)
    if options.version is not None:
        raise ValueError(f"--version is for the networks by name; {options.network} has none")
    read = layercost.from_onnx(options.network, options.input)
    options.input = None  # what it was read for is its own now
    return read


def _difference(options: argparse.Namespace) -> Said:
    first, second = (by_name(name) for name in (options.first, options.second))
    found = difference(
        first, second, options.input, options.convention, batch=options.batch, dtype=options.dtype
    )
    return Said(found.render(options.format), _status(found.first.failure or found.second.failure))


def _layer(options: argparse.Namespace) -> str | Said:
    layer = layer_from_text(options.layer)
    if options.dialect is not None:
        return _reading(layer, options)
    shown_table = _table(layer, options)
    written = LAYER_FORMATS[options.format](shown_table, _derived(layer, shown_table, options))
    return Said(written, _status(shown_table.failure))


def _is_file(name: str) -> bool:
    return name.lower().endswith(".onnx")


def _published(name: str, version: str | None = None) -> Layer:
    """The network that tools are run on: torchvision's version where there is one, unless told another."""
    plain, _, named = name.partition(":")
    if plain in NETWORKS and not version and not named and "torchvision" in NETWORKS[plain].versions:
        version = "torchvision"
    return by_name(name, version)


def _reading(layer: Layer, options: argparse.Namespace) -> Said:
    """What a tool prints; exit status 1 where it stops at the model."""
    from layercost import dialects

    surroundings = {"batch": options.batch, "training": options.training, "spelling": options.spelled}
    reading = dialects.read(layer, options.input, counters.tool_named(options.dialect), **surroundings)
    return Said(reading.render(options.format), _status(reading.failure))


def _compare(options: argparse.Namespace) -> str:
    layer = _published(options.model) if _is_name(options.model) else layer_from_text(options.model)
    compared = layercost.compare(
        layer, options.input, batch=options.batch, training=options.training, spelling=options.spelled
    )
    return compared.render(options.format)


def _identify(options: argparse.Namespace) -> str:
    models = list(_versions(options.model)) if _is_name(options.model) else [layer_from_text(options.model)]
    number = " ".join(options.number)  # 3.8 billion is two words
    found = layercost.identify(number, models, options.input, batch=options.batch)
    return replace(found, every=options.all).render(options.format)


def _is_name(text: str) -> bool:
    """Whether a model is given by a network's name, and not written as a layer."""
    return "(" not in text


def _versions(name: str) -> Iterable[Layer]:
    """Every version of a network, or the one that its name says."""
    plain, _, named = name.partition(":")
    if named or plain not in NETWORKS:
        return [by_name(name)]
    return [network_named(plain, version) for version in NETWORKS[plain].versions]


def _table(layer: Layer, options: argparse.Namespace) -> Table:
    return table(layer, options.input, options.convention, batch=options.batch, dtype=options.dtype)


def _derived(layer: Layer, shown_table: Table, options: argparse.Namespace) -> list[Count]:
    """Parameters, MACs and FLOPs of a layer, each with its derivation; of a tool, its own number."""
    counted = [(Quantity.PARAMETERS, "textbook"), (Quantity.MACS, "textbook")]
    if shown_table.failure is None and shown_table.counted.counts_operations:
        counted.append((Quantity.FLOPS, options.convention))
    return [count(layer, which, options.input, by, batch=options.batch) for which, by in counted]


def _derivations(counts: Iterable[Count], notation: Notation) -> dict[str, list[str]]:
    """For each quantity its line letters = numbers = total, and a line for each letter that it defines."""
    return {
        counted.quantity.value: [
            counted.rendered(notation),
            *(defining(definition, notation) for definition in counted.definitions),
        ]
        for counted in counts
    }


def _as_text(shown_table: Table, counts: list[Count]) -> str:
    lines = [terminal.written(shown_table), ""]
    for name, (first, *definitions) in _derivations(counts, TEXT).items():
        lines += [f"{name}: {first}", *(f"    where {line}" for line in definitions)]
    return "\n".join(lines)


def _as_markdown(shown_table: Table, counts: list[Count]) -> str:
    derived = _derivations(counts, LATEX).items()
    return "\n".join(
        [shown_table.markdown(), "", *(f"- {name}: ${'$, where $'.join(d)}$" for name, d in derived)]
    )


def _as_html(shown_table: Table, counts: list[Count]) -> str:
    items = (f"<dt>{name}</dt><dd>{'<br/>'.join(d)}</dd>" for name, d in _derivations(counts, HTML).items())
    return f'{shown_table.html()}<dl class="lc-derivations">{"".join(items)}</dl>'


def _as_latex(shown_table: Table, counts: list[Count]) -> str:
    derived = _derivations(counts, LATEX).values()
    return "\n".join([shown_table.latex(), *(rf"\[ {line} \]" for lines in derived for line in lines)])


def _as_json(shown_table: Table, counts: list[Count]) -> str:
    text, latex = _derivations(counts, TEXT), _derivations(counts, LATEX)
    derivations = {
        counted.quantity.value: {
            "total": counted.total,
            "unit": counted.unit,
            "convention": counted.convention,
            "at_least": counted.at_least,
            "text": text[counted.quantity.value],
            "latex": latex[counted.quantity.value],
        }
        for counted in counts
    }
    return json_of({**shown_table.data(), "derivations": derivations})


LAYER_FORMATS: dict[str, Callable[[Table, list[Count]], str]] = {
    "text": _as_text,
    "json": _as_json,
    "md": _as_markdown,
    "html": _as_html,
    "latex": _as_latex,
    "csv": lambda shown_table, _: shown_table.csv(),
}


def _conventions(options: argparse.Namespace) -> str:
    if options.format == "json":
        return json_of([_convention_data(convention) for convention in CONVENTIONS.values()])
    blocks = []
    for convention in CONVENTIONS.values():
        prices = (f"    {what}: {price}" for what, price in _prices(convention).items())
        lines = [f"{convention.name} (in {convention.unit})", f"  counts {convention.counts}"]
        blocks.append("\n".join([*lines, f"  source: {convention.source}", "  prices:", *prices]))
    return "\n\n".join(blocks)


def _convention_data(convention: Convention) -> dict[str, Any]:
    names = ("name", "unit", "counts", "source")
    return {**{name: getattr(convention, name) for name in names}, "prices": _prices(convention)}


def _prices(convention: Convention) -> dict[str, str]:
    """Each price in words: of a kind of operation, or of a kind in one role."""

    def words(key: Kind | tuple[Kind, Any]) -> str:
        return key.value if isinstance(key, Kind) else f"{key[0].value} ({key[1].value})"

    prices: Iterable[tuple[Any, Price]] = convention.prices.items()
    return {words(key): str(price) for key, price in prices}


def _networks(options: argparse.Namespace) -> str:
    if options.format == "json":
        plain = [_network_data(entry) for entry in NETWORKS.values()]
        return json_of([*plain, *(_known_data(known) for known in KNOWN.values())])
    blocks = []
    for entry in NETWORKS.values():
        versions = (
            f"  {name}{' (default)' if name == entry.default else ''}: {what}"
            for name, what in entry.versions.items()
        )
        blocks.append("\n".join([f"{entry.name}: {entry.title}", *versions]))
    blocks += [
        f"{each.name}: {each.title}\n  {CONFIGURED} (default): {each.source}" for each in KNOWN.values()
    ]
    return "\n\n".join(blocks)


def _network_data(entry: NetworkEntry) -> dict[str, Any]:
    names = ("name", "title", "default")
    return {**{name: getattr(entry, name) for name in names}, "versions": dict(entry.versions)}


def _known_data(known: Known) -> dict[str, Any]:
    """A model from its configuration: its one version is the configuration, from its source."""
    versions = {CONFIGURED: known.source}
    return {"name": known.name, "title": known.title, "default": CONFIGURED, "versions": versions}


def _asked_for() -> str:
    try:
        return input("> ")
    except EOFError:
        raise ValueError("there is no answer to judge; give it as --answer") from None


def _ask(options: argparse.Namespace) -> str | Said:
    """Practice, or the verdict on one answer: exit status 1 where it is wrong."""
    from layercost import asking

    if options.answer is not None and options.text is None:
        raise ValueError("--answer belongs to a question: give it as --text")
    if options.text is not None:
        answer = _asked_for() if options.answer is None else options.answer
        said, right = asking.verdict(options.text, answer)
        return Said(said, 0 if right else 1)
    if not options.skill and options.level is None and options.seed is None:
        return f"{asking.skills_there_are()}\n\nlayercost ask SKILL begins; several SKILLs are combined."
    return asking.practise(options.skill, options.level, options.count, options.seed, input, _say)


# ---- options -------------------------------------------------------------------------------------


def _input(text: str) -> tuple[int, ...] | dict[str, tuple[int, ...]]:
    """A shape, or that of an input by its name, ``mask=1x128``; a single value is ``NAME=``."""
    name, named, shape = text.rpartition("=")
    if not named:
        return sizes(text)
    return {name: sizes(shape) if shape else ()}


class _Inputs(argparse.Action):
    """Shapes by the names of their inputs, one after the other."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        before = getattr(namespace, self.dest)
        if before is not None and not (isinstance(before, dict) and isinstance(values, dict)):
            raise ValueError("--input is given once, or once for each input, as --input NAME=1x3x224x224")
        setattr(namespace, self.dest, values if before is None else {**before, **values})


class _Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line, and leaves our own messages as they are."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see {self.prog} --help")

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        kind = action.type
        return kind(arg_string) if callable(kind) else super()._get_value(action, arg_string)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="layercost",
        description="How many parameters, MACs, FLOPs and bytes a neural network has, and why.",
        epilog=f"{EXAMPLES}{COMPLETION}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"layercost {layercost.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, (help_text, add_options, run) in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=help_text,
            description=f"{help_text[0].upper()}{help_text[1:]}.",
            epilog=_examples_of(name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        add_options(command)
        command.set_defaults(run=run)
    return parser


def _examples_of(name: str) -> str:
    lines = [line for line in EXAMPLES.splitlines() if line.startswith(f"  layercost {name}")]
    return "\n".join(["examples:", *lines])


def _counting_options(command: argparse.ArgumentParser, input_help: str, *, required: bool) -> None:
    command.add_argument(
        "--input", type=_input, action=_Inputs, metavar="SHAPE", required=required, help=input_help
    )
    command.add_argument(
        "--convention",
        type=_counter,
        default="textbook",
        metavar="CONVENTION",
        help=f"what counts as what: {', '.join(CONVENTIONS)}, or a tool, as fvcore (default: textbook)",
    )
    _option(command, "dtype", DTYPE_BITS, "float32", "the number format that bytes are counted in")
    what = "inputs at once (default: 1)"
    command.add_argument("--batch", type=count_of("batch"), default=1, metavar="N", help=what)
    _option(command, "format", FORMATS, "text", "how to write it")


def _counter(name: str) -> str:
    """The name of a convention or tool; raises UnknownNameError with the nearest."""
    return counters.counter_named(name).name


_CHOSEN = {"dtype": Message("number format"), "format": Message("format")}


def _option(
    command: argparse.ArgumentParser, name: str, known: Iterable[str], default: str, what: str
) -> None:
    kind = one_of(_CHOSEN[name], known)
    text = f"{what}: {', '.join(known)} (default: {default})"
    command.add_argument(f"--{name}", type=kind, default=default, metavar=name.upper(), help=text)


def _show_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "network",
        metavar="NAME",
        help="a network, as lenet5 or resnet50:v1, a model, as gpt2, or a file, as my.onnx or config.json",
    )
    command.add_argument("--version", metavar="VERSION", help="which version; see layercost networks")
    what = (
        "sizes without the batch, as 1x32x32 (default: the network's own); of a file with several inputs "
        "one for each, as --input ids=128 --input mask=128"
    )
    _counting_options(command, what, required=False)
    command.set_defaults(convention=None, dtype=None)
    showing.add_options(command)
    _reading_options(command)


def _reading_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--as",
        dest="dialect",
        metavar="DIALECT",
        help="what a tool would print, by its own names, as fvcore or thop; of a network torchvision's "
        "version, unless told. Where the tool stops, the exit status is 1. See layercost compare",
    )
    _surrounding_options(command)


def _surrounding_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--training", action="store_true", help="for tools that look: in training mode")
    command.add_argument(
        "--spelled",
        metavar="SPELLING",
        help="for tools that look: how calls are written, as function, operator or 'in-place operator' "
        "(default: modules, and networks as their published code)",
    )


def _model_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "model",
        metavar="MODEL",
        help='a network, as resnet50 or resnet50:v1, or a layer, as "Linear(300, 100)"',
    )
    what = "sizes without the batch, as 3x224x224 (default: the network's own)"
    command.add_argument("--input", type=sizes, metavar="SHAPE", help=what)
    what = "inputs at once (default: 1)"
    command.add_argument("--batch", type=count_of("batch"), default=1, metavar="N", help=what)
    _option(command, "format", FORMATS, "text", "how to write it")


def _compare_options(command: argparse.ArgumentParser) -> None:
    _model_options(command)
    _surrounding_options(command)


def _identify_options(command: argparse.ArgumentParser) -> None:
    what = "as 15483821032, 15.48G, 528MiB, 4.1e9 or 138 million"
    command.add_argument("number", nargs="+", metavar="NUMBER", help=what)
    _model_options(command)
    command.add_argument("--all", action="store_true", help="show every match, not only the ten plainest")


def _difference_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("first", metavar="NAME", help="a network, as resnet50:v1; see layercost networks")
    command.add_argument(
        "second", metavar="OTHER", help="another, or another version of it, as resnet50:v1.5"
    )
    what = "sizes without the batch for both, as 1x32x32 (default: each network's own)"
    _counting_options(command, what, required=False)


def _layer_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("layer", metavar="LAYER", help='a layer, as "Conv2d(3, 6, kernel_size=5)"')
    _counting_options(command, "sizes without the batch, as 3x32x32", required=True)
    _reading_options(command)


def _ask_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("skill", nargs="*", metavar="SKILL", help="as convolution; none lists them all")
    command.add_argument("--level", type=int, choices=(1, 2, 3), help="only questions of this level")
    what = "how many (default: 10)"
    command.add_argument("--count", type=count_of("count"), default=10, metavar="N", help=what)
    command.add_argument("--seed", metavar="TEXT", help="the same numbers as another round with this seed")
    command.add_argument("--text", metavar="QUESTION", help="a question of your own, to be judged")
    command.add_argument(
        "--answer", metavar="ANSWER", help="your answer to --text (default: it is asked for)"
    )


def _list_options(command: argparse.ArgumentParser) -> None:
    _option(command, "format", ("text", "json"), "text", "how to write it")


COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None], Callable[[Any], str | Said]]] = {
    "show": ("the table of a network, layer by layer", _show_options, _show),
    "difference": ("where two networks part, layer by layer", _difference_options, _difference),
    "layer": ("the counts of one layer, with their derivation", _layer_options, _layer),
    "compare": ("what every convention and every tool counts, and why", _compare_options, _compare),
    "identify": ("which tool, version, unit or part a number comes from", _identify_options, _identify),
    "conventions": ("what counts as what, from which source", _list_options, _conventions),
    "ask": ("practice with numbers of your own, and what a wrong answer shows", _ask_options, _ask),
    "networks": ("the networks and their versions", _list_options, _networks),
    **costing.COMMANDS,
}
