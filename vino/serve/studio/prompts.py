"""Text with names in it, as the segments of an order; and an order as such text.

"put @hat on the dog" is text, a picture, text. A reference that the text names again is meant by
its number there ("Image 1"): it is given to the model once. One that the text never names stands
before it, the base last.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vino.errors import InputError
from vino.serve.order import Order, Part
from vino.serve.studio.references import Reference, free_handle

_HANDLE = re.compile(r"(?<!\w)@(\w+)")
_BESIDE = Part("text")  # ends what stands beside the text, so that the text is not joined to it


@dataclass(frozen=True)
class Composed:
    """A prompt's segments, and the references in the order its parts count files."""

    parts: tuple[Part, ...]
    references: tuple[Reference, ...]

    @property
    def scales(self) -> list[float] | None:
        """Guidance of each reference in the model's order; None when all are neutral."""
        found = [r.scale for is_clip in (False, True) for r in self.references
                 if r.is_clip is is_clip]  # fmt: skip
        return found if any(scale != 1 for scale in found) else None


def compose(text: str, references: Sequence[Reference], base: str | None = None) -> Composed:
    """The segments of a text; base: name of the reference that is edited.

    InputError for a name that belongs to none.
    """
    known = {reference.handle: reference for reference in references}
    pieces = _HANDLE.split(text)  # text, name, text, name, ..., text
    named = list(dict.fromkeys(pieces[1::2]))
    for handle in named:
        if handle not in known:
            raise InputError(_unknown(handle, list(known)))
    beside = [r for r in references if r.handle not in named]
    beside.sort(key=lambda reference: reference.handle == base)
    used = (*beside, *(known[handle] for handle in named))
    numbers = _numbers(used)
    place = {reference.handle: i for i, reference in enumerate(used)}

    def medium(handle: str) -> Part:
        kind = "video" if known[handle].is_clip else "image"
        return Part(kind, file=place[handle], base=handle == base)

    parts = [medium(reference.handle) for reference in beside]
    parts += [_BESIDE] if beside else []
    met: set[str] = set()
    for i, piece in enumerate(pieces):
        if i % 2 == 0:
            parts += [Part("text", piece)] if piece else []
        elif piece in met:
            parts.append(Part("text", numbers[piece]))
        else:
            met.add(piece)
            parts.append(medium(piece))
    return Composed(tuple(parts), used)


def mentioned(text: str) -> list[str]:
    """Names in a text, in order."""
    return _HANDLE.findall(text)


def renamed(text: str, old: str, new: str) -> str:
    """The text with another name in place of one."""
    return re.sub(rf"(?<!\w)@{re.escape(old)}(?!\w)", f"@{new}", text)


def words_of(order: Order) -> tuple[str, list[tuple[str, Part]]]:
    """An order as text with names in it, and each medium with its new name.

    What stands before the text is not named in it, as it was not; nor is what a turn of an edit
    session edits, which is a medium at the end.
    """
    parts = list(order.parts)
    media = [part for part in parts if part.kind != "text"]
    names: dict[int, str] = {}
    for part in media:
        kind = "clip" if part.kind == "video" else "picture"
        names.setdefault(part.file, free_handle(kind, kind, names.values()))
    first = next((i for i, part in enumerate(parts) if part.kind == "text"), 0)
    inline = [part for part in parts[first:] if not (part.kind == "medium" and part.base)]
    text = "".join(p.text if p.kind == "text" else f"@{names[p.file]}" for p in inline)
    return text, [(names[part.file], part) for part in media]


def _numbers(used: Sequence[Reference]) -> dict[str, str]:
    """What the model calls each reference: pictures and clips are counted apart."""
    counts = {False: 0, True: 0}
    names = {}
    for reference in used:
        counts[reference.is_clip] += 1
        kind = "Video" if reference.is_clip else "Image"
        names[reference.handle] = f"{kind} {counts[reference.is_clip]}"
    return names


def _unknown(handle: str, known: Sequence[str]) -> str:
    have = f"there are {', '.join(f'@{name}' for name in known)}" if known else "there are none"
    return f"no reference is called @{handle[:40]} ({have}): add it, or correct the name"
