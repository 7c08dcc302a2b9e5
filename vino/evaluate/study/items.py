"""The pairs that people are asked about."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vino.errors import InputError
from vino.evaluate.runs import Record, Run, pair
from vino.evaluate.study.shown import ENDINGS


@dataclass(frozen=True)
class Medium:
    """A picture or clip; `frames` of a strip stand side by side."""

    path: Path
    frames: int = 1


@dataclass(frozen=True)
class Item:
    """One question of both runs with both answers."""

    key: str
    scene: str
    prompt: str
    references: tuple[Medium, ...]
    a: Medium
    b: Medium

    @property
    def media(self) -> tuple[Medium, ...]:
        return *self.references, self.a, self.b


def choose(a: Run, b: Run, seed: int, limit: int | None) -> list[str]:
    """Keys of the pairs to ask about, in an order drawn by the seed."""
    keys = [one.key for one, _ in pair(a, b).both]
    return sorted(keys, key=lambda key: draw(seed, "item", key))[:limit]


def draw(*what: object) -> bytes:
    """Random bytes that are always the same for the same things."""
    return hashlib.sha256("\0".join(map(str, what)).encode()).digest()


def items_of(a: Run, b: Run, keys: Sequence[str]) -> list[Item]:
    """The pairs of these keys; InputError if a run lacks one, or a file is missing."""
    pairs = {one.key: (one, other) for one, other in pair(a, b).both}
    for key in keys:
        if key not in pairs:
            raise InputError(f'the runs no longer share the key "{key}" that is voted on')
    return [_item(*pairs[key]) for key in keys]


def digest(items: Iterable[Item]) -> str:
    """A hash of all that is shown."""
    whole = hashlib.sha256()
    for item in items:
        for medium in item.media:
            whole.update(hashlib.sha256(medium.path.read_bytes()).digest())
    return whole.hexdigest()


def _item(one: Record, other: Record) -> Item:
    references = tuple(Medium(path) for path in one.references)
    a, b = Medium(one.output, one.frames), Medium(other.output, other.frames)
    item = Item(one.key, one.scene, one.prompt, references, a, b)
    for medium in item.media:
        if medium.path.suffix.lower() not in ENDINGS:
            raise InputError(f"{medium.path} cannot be shown: only {', '.join(ENDINGS)} can")
        if not medium.path.is_file():
            raise InputError(f"{medium.path} is missing: run vino evaluate again")
    return item
