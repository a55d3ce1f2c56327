"""Answers a question of a page by keyboard, whatever its fields are."""

from __future__ import annotations

import json
from typing import Any

from layercost.questions import Field, Posed, templates

WRONG_NUMBER, ANOTHER = "123457", "7"


def posed_on(page: Any) -> Posed:
    """The question in sight."""
    state = json.loads(page.locator(".lc-question").get_attribute("data-state"))
    return templates()[state["id"]].posed(state["drawn"])


def wrong_answer(field: Field, right: str) -> str:
    """An answer that can be read and is not right."""
    if field.form == "choice":
        return next(option.id for option in field.options if option.id != right)
    if field.form == "order":
        return ", ".join(reversed(right.split(", ")))
    near = field.form == "number" and int(WRONG_NUMBER) / 4 < float(right) < 4 * int(WRONG_NUMBER)
    return ANOTHER if near else WRONG_NUMBER  # what is near earns a share, and is right on a napkin


def give(page: Any, place: Any, field: Field, answer: str) -> None:
    """One answer into its field."""
    if field.form == "choice":
        place.locator(f"input[value='{answer}']").focus()
        page.keyboard.press("Space")
    elif field.form == "order":
        for wanted, name in enumerate(one.strip() for one in answer.split(",")):
            up = place.locator(f"li[data-id='{name}'] button").first
            while place.locator("li").nth(wanted).get_attribute("data-id") != name:
                up.focus()
                page.keyboard.press("Enter")
    else:
        place.locator("input").focus()
        page.keyboard.press("ControlOrMeta+A")
        page.keyboard.type(answer)


def fill(page: Any, *, right: bool) -> Posed:
    """Every field of the question in sight."""
    posed = posed_on(page)
    for place, (field, answer) in enumerate(zip(posed.fields, posed.answers().values(), strict=True)):
        given = answer if right else wrong_answer(field, answer)
        give(page, page.locator(".lc-answer-field").nth(place), field, given)
    return posed


def answer_by_keyboard(page: Any, *, right: bool) -> None:
    """Every field of the question in sight, and then Enter: in an order it would move an item on."""
    posed = fill(page, right=right)
    if posed.fields[-1].form == "order":
        page.locator(".lc-primary:visible").first.focus()
    page.keyboard.press("Enter")
