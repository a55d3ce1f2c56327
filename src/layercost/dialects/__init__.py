"""What each counting tool prints for a layer or network, under the tool's own names, and what that really is."""

from layercost.dialects import keras, onnx_tool, patching, thop, torch_flops, torchinfo, torchmeter, torchscan, tracing
from layercost.dialects.dialect import DIALECTS, Dialect, dialect_named
from layercost.dialects.reading import Part, Reading, read
from layercost.dialects.visit import Context, Spelling

__all__ = ["DIALECTS", "Context", "Dialect", "Part", "Reading", "Spelling", "dialect_named", "read"]
