"""How numbers are written: the rules as data, which Python and the page read with.

`layercost.questions.exported` gives them to the page. Where a text may mean two things, it is said here
which of them it means, or that it is refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

# ---- characters ----------------------------------------------------------------------------------------

# Whole rows of characters that stand for those from the third one on: full-width forms, digits of other
# scripts, digits of formulas.
ROWS = (
    ("！", "～", "!"),
    *((zero, chr(ord(zero) + 9), "0") for zero in "٠۰०০๐𝟎𝟘𝟢𝟬𝟶"),
)
_SMALL_FORMS = {form: unicodedata.normalize("NFKC", form) for form in map(chr, range(0xFE50, 0xFE6C))}
_SAME: Mapping[str, str] = {
    " ": "\t\n\v\f\r\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))),
    "": "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff",  # not to be seen
    "-": "\u2010\u2011\u2212",  # hyphens and the minus; a dash may mean a range, and is refused
    "'": "‘’ʼ′",
    "×": "✕✖⨯⨉",
    "·": "⋅∙•∗",
    "/": "∕⁄",
    "~": "≈≃≅∼",
    ".": "。｡",
}
# The character that is read for one that was typed; "" for what is passed over.
CHARACTERS: Mapping[str, str] = _SMALL_FORMS | {
    other: read for read, others in _SAME.items() for other in others
}
SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
SUPERSCRIPT_SIGNS: Mapping[str, int] = {"⁺": 1, "⁻": -1}

# ---- digits --------------------------------------------------------------------------------------------

# One of these parts all thousands of a number, in groups of three: 30,100. Indian groups (1,00,000) and
# Chinese ones (3,0100) are refused, and so is 0,125, which most likely has a decimal comma.
SEPARATORS = ", _'"
GROUP = 3
POINT = "."
EXPONENT = "e"  # 3e4, 3E4

# ---- calculations --------------------------------------------------------------------------------------

SIGNS = "+-"
# An x stands for × where it stands alone: 3 x 10^4.
TIMES = ("×", "·", "*", "x")
DIVIDED = ("/", "÷")
POWER = ("**", "^")

# ---- what stands before and behind a number ------------------------------------------------------------

APPROXIMATELY = ("approx.", "approx", "circa", "about", "ca.", "ca", "~")

# Suffixes, in capitals or not: k is 1000 and Ki is 1024. A bare B is a billion, but bytes where the answer
# is asked for in bytes or a multiple of them.
SCALES: Mapping[str, int] = {
    **dict.fromkeys(("k", "thousand"), 10**3),
    **dict.fromkeys(("m", "million"), 10**6),
    **dict.fromkeys(("g", "b", "bn", "billion"), 10**9),
    **dict.fromkeys(("t", "trillion"), 10**12),
    **{f"{prefix}i": 1024**power for power, prefix in enumerate("kmgt", start=1)},
}
# Suffixes of scripts without spaces between words: the longest first.
IDEOGRAPHS: Mapping[str, int] = {
    **dict.fromkeys(("万亿", "萬億"), 10**12),
    **dict.fromkeys(("亿", "億"), 10**8),
    **dict.fromkeys(("万", "萬"), 10**4),
}
PERCENT = "%"
PERCENTAGES = ("%", "percent")  # units asked for with which it is read

# Each unit with its spellings, in small letters; capitals make no difference: kb is kB, not a kilobit.
UNITS: Mapping[str, tuple[str, ...]] = {
    "parameters": ("parameters", "parameter", "params", "param"),
    "FLOPs": ("flops", "flop"),
    "MACs": ("macs", "mac"),
    "values": ("values", "value"),
    "weights": ("weights", "weight"),
    "biases": ("biases", "bias"),
    "connections": ("connections", "connection"),
    "multiplications": ("multiplications", "multiplication"),
    "additions": ("additions", "addition"),
    "operations": ("operations", "operation", "ops", "op"),
    "bytes": ("bytes", "byte"),
    "bits": ("bits", "bit"),
    "milliseconds": ("milliseconds", "millisecond", "ms"),
    "kB": ("kb",),
    **{unit: (unit.lower(),) for unit in ("MB", "GB", "TB", "PB", "KiB", "MiB", "GiB", "TiB", "PiB")},
}
OF_BYTES = ("bytes", "kB", "MB", "GB", "TB", "PB", "KiB", "MiB", "GiB", "TiB", "PiB")
BYTE = "b"
# A prefix on these scales the number: 4.09 GMACs are 4,090,000,000 MACs.
PREFIXED = ("FLOPs", "MACs", "operations")
PREFIXES: Mapping[str, int] = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "p": 10**15}

# What is asked for a second or a byte may be written with other signs, and with a short word behind them.
RATE = (" a ", " per ", "/")
SHORT: Mapping[str, str] = {"second": "s", "byte": "b"}

# ---- shapes --------------------------------------------------------------------------------------------

# What parts two sizes, and the sign that it is read as: all of a shape are parted by the same one, and
# spaces alone do it too.
SIZE_SEPARATORS: Mapping[str, str] = {**dict.fromkeys("xX×·*", "×"), ",": ","}
BRACKETS: Mapping[str, str] = {"(": ")", "[": "]"}

# ---- limits --------------------------------------------------------------------------------------------

MAX_CHARACTERS = 200
MAX_DEPTH = 40  # brackets within brackets, powers of powers
MAX_EXPONENT = 1000
MAX_DIGITS_OF_AN_EXPONENT = 12  # zeros in front of it included
MAX_BITS = 4096  # of the numerator and the denominator of any result on the way
MAX_AXES = 8
MAX_DIGITS_OF_A_SIZE = 15
SHOWN = 24  # characters of what was typed that a sentence repeats

# ---- closeness -----------------------------------------------------------------------------------------

WITHIN = 100  # what is off by no more than one part in so many is next to the number
SAME_MAGNITUDE = 3  # what is off by less than this factor has the right order of magnitude
