"""What five counting tools print for other people's models, run here and now, beside our own reading."""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.architectures import zoo
from tests.architectures.zoo import Architecture

RUN = json.loads(Path(__file__).with_name("tools.json").read_text(encoding="utf-8"))
MODELS: list[str] = RUN["models"]
EXPLAINED = {(one["model"], one["tool"]): one["why"] for one in RUN["explained"]}  # why a reading differs


def live(model: Any, size: tuple[int, ...]) -> Iterator[tuple[str, dict[str, int]]]:
    """Each tool's numbers by our dialect's names: the number that people quote, and the parameters."""
    import torch

    values = torch.zeros(1, *size)
    for tool, run in TOOLS.items():
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
            warnings.simplefilter("ignore")
            numbers = run(model, values, size)
        yield tool, numbers


def _fvcore(model: Any, values: Any, _: tuple[int, ...]) -> dict[str, int]:
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(model, values).unsupported_ops_warnings(False)
    return {"total": int(analysis.uncalled_modules_warnings(False).total())}


def _thop(model: Any, values: Any, _: tuple[int, ...]) -> dict[str, int]:
    import copy

    import thop

    macs, parameters = thop.profile(copy.deepcopy(model), (values,), verbose=False)
    return {"macs (return value 1)": int(macs), "params (return value 2)": int(parameters)}


def _ptflops(backend: str) -> Callable[..., dict[str, int]]:
    def run(model: Any, _: Any, size: tuple[int, ...]) -> dict[str, int]:
        import copy

        import ptflops

        macs, parameters = ptflops.get_model_complexity_info(
            copy.deepcopy(model), size, as_strings=False, print_per_layer_stat=False, backend=backend
        )
        return {"macs (return value 1)": int(macs), "params": int(parameters)}

    return run


def _torchinfo(model: Any, values: Any, _: tuple[int, ...]) -> dict[str, int]:
    import torchinfo

    found = torchinfo.summary(model, input_data=values, verbose=0)
    return {"total_mult_adds": int(found.total_mult_adds), "total_params": int(found.total_params)}


TOOLS: dict[str, Callable[..., dict[str, int]]] = {
    "fvcore": _fvcore,
    "thop": _thop,
    "ptflops(pytorch)": _ptflops("pytorch"),
    "ptflops(aten)": _ptflops("aten"),
    "torchinfo": _torchinfo,
}


def compared(name: str) -> Iterator[tuple[str, str, int, Any]]:
    """Tool, name of the number, what the tool prints, what we say of the same model by the same name."""
    import torch

    import layercost as lc
    from layercost import dialects

    torch.manual_seed(0)
    model, size = zoo.with_weights(Architecture(*name.split(":", 1)))
    tree = lc.from_torch(model, size)
    for tool, numbers in live(model, size):
        found = dialects.read(tree, size, tool).native
        for key, number in numbers.items():
            yield tool, key, number, found.get(key)


if __name__ == "__main__":
    import sys
    from collections import Counter

    equal: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for one in sys.argv[1:] or MODELS:
        for tool, key, theirs, mine in compared(one):
            every[tool] += 1
            equal[tool] += theirs == mine
            if theirs != mine:
                more = f"{mine - theirs:+,}" if isinstance(mine, int) else ""
                print(f"{one} {tool} {key}: {theirs:,} and ours {mine} {more}", flush=True)
    print({tool: f"{equal[tool]}/{every[tool]}" for tool in every})
