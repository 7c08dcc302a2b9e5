"""What the page asks the server: checked here, answered with plain values."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from vino.evaluate.study.blind import Study
from vino.evaluate.study.items import Medium
from vino.evaluate.study.shown import moves
from vino.evaluate.study.votes import QUESTIONS, Vote

LONGEST_NAME = 64
SIDES = ("left", "right", "same")


class BadRequest(ValueError):
    """A request that cannot be answered, and why."""


class Desk:
    """Shows the items of a study to raters and takes their votes.

    Media have random names, drawn anew at every start: they do not tell the runs apart.
    """

    def __init__(self, study: Study):
        self.study = study
        media = {medium for item in study.items for medium in item.media}
        self._names = {medium: secrets.token_hex(12) for medium in media}
        self._media = {name: medium for medium, name in self._names.items()}

    def medium(self, name: str) -> Medium | None:
        """The medium of a name, None if there is none."""
        return self._media.get(name)

    def show(self, asked: Mapping[str, str]) -> dict[str, Any]:
        """An item of a rater's order, by default the first that is not answered yet."""
        rater = _rater(asked.get("rater"))
        order, given = self.study.order(rater), self.study.votes.of(rater)
        done = [_is_done(given.get(item, {})) for item in order]
        first_open = done.index(False) + 1 if False in done else len(order) + 1
        number = _number(asked["number"], len(order)) if "number" in asked else first_open
        reply: dict[str, Any] = {"number": number, "done": sum(done), "total": len(order)}
        if number > len(order):
            return reply | {"item": None}
        return reply | {"item": self._item(rater, order[number - 1], given)}

    def vote(self, body: bytes) -> dict[str, Any]:
        """Take {"rater", "number", "question", "choice"}; choice: left, right or same."""
        asked = _parsed(body)
        rater = _rater(asked.get("rater"))
        order = self.study.order(rater)
        item = order[_number(asked.get("number"), len(order)) - 1]
        question, choice = asked.get("question"), asked.get("choice")
        if question not in QUESTIONS:
            raise BadRequest(f"question must be one of {', '.join(QUESTIONS)}")
        if choice not in SIDES:
            raise BadRequest(f"choice must be one of {', '.join(SIDES)}")
        left = self.study.left(rater, item)
        chosen = {"left": left, "right": _other(left), "same": "same"}[choice]
        self.study.votes.cast(Vote(rater, item, question, chosen, left))
        given = self.study.votes.of(rater)
        done = sum(map(_is_done, given.values()))
        return {"done": done, "total": len(order), "complete": _is_done(given[item])}

    def _item(self, rater: str, item: int, given: Mapping[int, dict[str, str]]) -> dict[str, Any]:
        """What a rater sees of an item."""
        shown = self.study.items[item]
        left = self.study.left(rater, item)
        sides = {left: "left", _other(left): "right", "same": "same"}
        first, second = (shown.a, shown.b) if left == "A" else (shown.b, shown.a)
        return {
            "prompt": shown.prompt,
            "references": [self._link(medium) for medium in shown.references],
            "left": self._link(first),
            "right": self._link(second),
            "votes": {q: sides[choice] for q, choice in given.get(item, {}).items()},
        }

    def _link(self, medium: Medium) -> dict[str, Any]:
        return {"url": f"/media/{self._names[medium]}", "video": moves(medium.path)}


def _is_done(given: Mapping[str, str]) -> bool:
    return all(question in given for question in QUESTIONS)


def _other(run: str) -> str:
    return "B" if run == "A" else "A"


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest("the body is no JSON") from None
    if not isinstance(asked, dict):
        raise BadRequest("the body is no JSON object")
    return asked


def _rater(name: object) -> str:
    name = name.strip() if isinstance(name, str) else ""
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadRequest(f"rater must be a name of 1 to {LONGEST_NAME} printable characters")
    return name


def _number(number: object, total: int) -> int:
    """Which item of a rater's order, counted from 1."""
    text = str(number)
    if isinstance(number, bool) or not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadRequest("number must be a whole number")
    if not 1 <= int(text) <= total:
        raise BadRequest(f"number must be from 1 to {total}")
    return int(text)
