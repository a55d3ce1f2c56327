"""The tests' own specification: three questions with misconceptions, nothing of the reference library."""

from __future__ import annotations

import hashlib
import hmac
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from grader.papers.progress import Progress
from grader.protocol import Mark, SecondRun
from grader.values import Answer, Call, Failure, Get, Probe, Value

CHANNELS = {
    character: 16 + 3 * index for index, character in enumerate("abcdefghijklmnopqrstuvwxyz0123456789")
}
HIDDEN_CASES = 4
NOTHING: Mapping[str, tuple[Answer, ...]] = {}
RUBRIC = ((2.0, "Says that the kernel is moved."), (3.0, "Says that its weights stay the same."))


def conv_params(cin: int, cout: int, k: int, bias: bool = True) -> int:
    return cout * (cin * k * k + bool(bias))


def params_without_bias(cin: int, cout: int, k: int, bias: bool = True) -> int:
    return cout * cin * k * k


def conv_flops(cin: int, cout: int, k: int, n: int, s: int = 1, p: int = 0) -> int:
    return 2 * ((n + 2 * p - k) // s + 1) ** 2 * cout * cin * k * k


def macs_for_flops(cin: int, cout: int, k: int, n: int, s: int = 1, p: int = 0) -> int:
    return conv_flops(cin, cout, k, n, s, p) // 2


def rounded_up(cin: int, cout: int, k: int, n: int, s: int = 1, p: int = 0) -> int:
    return 2 * (math.ceil((n + 2 * p - k) / s) + 1) ** 2 * cout * cin * k * k


@dataclass(frozen=True)
class Belief:
    """A misconception: its id, its sentence, what it computes, and the share of the points that it earns."""

    name: str
    sentence: str
    compute: Callable[..., int]
    credit: float


FORGOT_BIAS = Belief(
    "forgot-bias", "You left out the bias, one for each output channel.", params_without_bias, 0.5
)
MACS = Belief("macs-for-flops", "You counted MACs; each is two FLOPs.", macs_for_flops, 0.6)
ROUNDED_UP = Belief("rounded-up", "You rounded the output size up; PyTorch rounds down.", rounded_up, 0.4)


@dataclass(frozen=True)
class Question:
    points: float
    compute: Callable[..., int]
    beliefs: tuple[Belief, ...]

    def mark(self, cases: list[tuple[object, ...]], answers: tuple[Answer, ...]) -> Mark:
        """Right, or a belief that explains every answer, or a part of the points for what is right."""
        if all(isinstance(answer, Failure) for answer in answers):
            failure = answers[0]
            assert isinstance(failure, Failure)
            return Mark(0.0, self.points, failure.kind, failure.text)
        for name, sentence, compute, credit in [
            ("right", "Right.", self.compute, 1.0),
            *((belief.name, belief.sentence, belief.compute, belief.credit) for belief in self.beliefs),
        ]:
            if all(same(answer, compute(*case)) for case, answer in zip(cases, answers, strict=True)):
                return Mark(self.points * credit, self.points, name, sentence)
        right = sum(same(answer, self.compute(*case)) for case, answer in zip(cases, answers, strict=True))
        points = self.points * right / len(cases) / 2
        return Mark(points, self.points, "unknown", f"Right for {right} of {len(cases)} hidden inputs.")


def same(answer: Answer, expected: int) -> bool:
    return isinstance(answer, Value) and type(answer.value) is int and answer.value == expected


QUESTIONS = {
    "q1": Question(3.0, conv_params, (FORGOT_BIAS,)),
    "q2": Question(4.0, conv_params, (FORGOT_BIAS,)),
    "q3-test": Question(5.0, conv_flops, (MACS, ROUNDED_UP)),
}


class Counting:
    """A `grader.protocol.Specification`."""

    name = "counting"
    notebook = "convolution"
    identity = "student_id"

    def same_student(self, typed: object, student: str) -> bool:
        return isinstance(typed, str) and typed.strip().lower() == student.lower()

    def cases(self, student: str, secret: bytes) -> dict[str, list[tuple[object, ...]]]:
        """The inputs that the answers belong to; those of q2 and q3 are hidden."""
        key = hmac.new(secret, student.encode(), hashlib.sha256).digest()
        draw = random.Random(key).randint  # noqa: S311 - only a test's secret is at stake
        layers = [(draw(2, 64), draw(2, 64), draw(2, 7)) for _ in range(HIDDEN_CASES)]
        return {
            "q1": [(3, CHANNELS[student.lower()[-1]], 7)],
            "q2": [(*layer, bool(index % 2)) for index, layer in enumerate(layers)],
            "q3-test": [(*layer, 2 * draw(10, 50) + (layer[2] + 1) % 2, 2, 0) for layer in layers],
        }

    def probes(self, student: str, secret: bytes) -> dict[str, tuple[Probe, ...]]:
        cases = self.cases(student, secret)
        return {
            "q1": (Get("answer_q1"),),
            "q2": tuple(Call("conv_params", case) for case in cases["q2"]),
            "q3-test": tuple(Call("conv_flops", case) for case in cases["q3-test"]),
        }

    def needed(self) -> dict[str, str]:
        return {}

    def runs(self) -> int:
        return 1

    def least(self, grade_id: str, wrong: str) -> float:
        return 0.0

    def second_runs(self, student: str, secret: bytes, marks: Mapping[str, Mark]) -> tuple[SecondRun, ...]:
        return ()

    def score(
        self,
        student: str,
        secret: bytes,
        answers: Mapping[str, tuple[Answer, ...]],
        again: Mapping[str, tuple[Answer, ...]] = NOTHING,
    ) -> dict[str, Mark]:
        cases = self.cases(student, secret)
        return {name: question.mark(cases[name], answers[name]) for name, question in QUESTIONS.items()}

    def check_word(self, student: str) -> str:
        return student

    def mistaken(self, student: str, secret: bytes) -> dict[str, tuple[object, ...]]:
        return {}

    def zeros(self, student: str, secret: bytes) -> dict[str, tuple[object, ...]]:
        return {}

    def draw(self, secret: bytes, earlier: str, *, in_use: bool, progress: Progress) -> str:
        return ""

    def asked(self) -> dict[str, object]:
        """No question is told."""
        return {}

    def variants(self) -> dict[str, object]:
        return dict(CHANNELS)

    def title(self, grade_id: str) -> str:
        return ""

    def rubric(self, grade_id: str) -> tuple[tuple[float, str], ...]:
        return RUBRIC if grade_id == "q4" else ()

    def example(self, student: str, secret: bytes, grade_id: str, diagnosis: str) -> str:
        return ""
