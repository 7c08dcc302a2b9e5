"""Text of an option to its value; what is wrong with it is said by argparse in one line."""

import math
import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import date
from pathlib import Path

LARGEST_SEED = 2**63 - 1
SOLVERS = ("euler", "heun", "multistep")


def words(text: str) -> str:
    """Anything but nothing."""
    if not text.strip():
        raise ArgumentTypeError("it is empty: say what you want to see, in quotes")
    return text


def size(text: str) -> tuple[int, int]:
    """"640x480" to (width, height)."""
    match = re.fullmatch(r"(\d{1,9})[xX×](\d{1,9})", text)
    if match is None:
        raise ArgumentTypeError(f'"{text}" is no size: write width x height, like 640x480')
    width, height = int(match[1]), int(match[2])
    if width == 0 or height == 0:
        raise ArgumentTypeError(f"{text} has no pixels: both sides must be at least 1")
    return width, height


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number from `least` to `most`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[+-]?\d{1,30}", text) or not least <= int(text) <= most:
            raise ArgumentTypeError(f"must be a whole number from {least} to {most}, not {text}")
        return int(text)

    return parse


def number(least: float, *, above: bool = False) -> Callable[[str], float]:
    """A finite number of at least `least`, or above it."""

    def parse(text: str) -> float:
        bound = f"above {least:g}" if above else f"of at least {least:g}"
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or value < least or (above and value == least):
            raise ArgumentTypeError(f"must be a number {bound}, not {text}")
        return value

    return parse


def day(text: str) -> date:
    """"2030-12-31" to a date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f'"{text}" is no day: write it like 2030-12-31') from None


def adapter(text: str) -> tuple[Path, float]:
    """"FOLDER" or "FOLDER:0.8" to (folder, strength)."""
    folder, colon, strength = text.rpartition(":")
    if not colon or not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", strength):
        return Path(text), 1.0
    return Path(folder), float(strength)


def device(text: str) -> str:
    """Where to compute: cpu, cuda, cuda:N or mps."""
    if not re.fullmatch(r"cpu|mps|cuda(:\d{1,3})?", text):
        raise ArgumentTypeError(f'unknown device "{text}": use cpu, cuda, cuda:N or mps')
    return text
