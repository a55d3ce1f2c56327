"""What each counting tool prints for a layer or network, under the tool's own names, and what that really is.

>>> import layercost as lc
>>> from layercost import dialects
>>> dialects.read(lc.networks.resnet50(), dialect="fvcore").native["total"]
4111512576
>>> dialects.read(lc.Linear(300, 100), (300,), "torchinfo", batch=8).main
240800
"""

from layercost.dialects import (
    keras,
    onnx_tool,
    patching,
    thop,
    torch_flops,
    torchinfo,
    torchmeter,
    torchscan,
    tracing,
)
from layercost.dialects.coverage import EXCEPTIONS, Coverage, coverage
from layercost.dialects.dialect import DIALECTS, Dialect, dialect_named
from layercost.dialects.reading import Extra, Reading, printed, read
from layercost.dialects.verdict import Judged, Verdict, called, verdict
from layercost.dialects.visit import Context
from layercost.layers.model import Spelling

__all__ = [
    "DIALECTS", "EXCEPTIONS", "Context", "Coverage", "Dialect", "Extra", "Judged", "Reading", "Spelling",
    "Verdict", "called", "coverage", "dialect_named", "keras", "onnx_tool", "patching", "printed", "read",
    "thop", "torch_flops", "torchinfo", "torchmeter", "torchscan", "tracing", "verdict",
]  # fmt: skip
