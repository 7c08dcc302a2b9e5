"""The same request in the words different people would use.

Of every table the first phrasing is the plainest, and the one drawn most.
"""

from collections.abc import Sequence

from vino.data.world.captions import indefinite, verb
from vino.data.world.compose import Draft
from vino.data.world.scene import Background, Motion

PLAINEST = 0.45  # share of the first phrasing of a table

REMOVE = (
    *("remove the {thing}", "delete the {thing}", "take away the {thing}", "erase the {thing}"),
    *("get rid of the {thing}", "take the {thing} out of the picture", "remove {thing}"),
)
REPLACE = (
    *(
        "replace the {thing} with {new}",
        "swap the {thing} for {new}",
        "turn the {thing} into {new}",
    ),
    *("change the {thing} to {new}", "put {new} in place of the {thing}"),
)
ADD = (
    *("add {new}{where}", "put {new}{where}", "place {new}{where}", "insert {new}{where}"),
    "draw {new}{where}",
)
BACKGROUND = (
    "change the background to {colour}",
    "make the background {colour}",
    "change the background to {backdrop}",
    "turn the background {colour}",
    "put it on {backdrop}",
    "use a {colour} background instead",
)
REFERENCE = ("the object in Image {n}", "the thing in Image {n}", "the object from Image {n}")
EDIT_BY_REFERENCE = (
    "replace the {thing} with {reference}",
    "swap the {thing} for {reference}",
    "put {reference} in place of the {thing}",
)
FIRST_FRAME = (
    "Use Image 1 as the first frame. {action}",
    "{action}",
    "{action}",
    "Start from Image 1. {action}",
    "Animate Image 1: {action}",
)
RECONSTRUCT = ("Image 1", "the same picture as Image 1", "show Image 1 again", "copy Image 1")
SELECT = ("Image {n}", "show Image {n}", "the picture in Image {n}", "give me Image {n}")
SELECT_ORDINAL = ("the {nth} image", "show the {nth} picture", "the {nth} of the images")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
SLIDE_WAYS = {
    "right": ("to the right", "right", "rightward"),
    "left": ("to the left", "left", "leftward"),
    "up": ("up", "upward", "to the top"),
    "down": ("down", "downward", "to the bottom"),
}


def pick_phrase(draft: Draft, phrases: Sequence[str]) -> str:
    """One phrasing, the first one with the share PLAINEST."""
    if len(phrases) == 1 or draft.chance(PLAINEST):
        return phrases[0]
    return draft.pick(phrases[1:])


def utter(draft: Draft, text: str) -> str:
    """The text as typed: mostly as it is, sometimes with a capital, a final period, or both."""
    how = draft.rng.random()
    if how < 0.3:
        text = text[0].upper() + text[1:]
    if 0.15 < how < 0.45 and not text.endswith("."):
        text += "."
    return text


def backdrop_phrase(draft: Draft, background: Background) -> str:
    """A plain backdrop as people say it: "a plain blue background", "a blue background"."""
    colour = background.first
    return pick_phrase(
        draft,
        (
            indefinite("background", f"plain {colour}"),
            indefinite("background", colour),
            f"{colour}",
            f"plain {colour}",
        ),
    )


def action_phrase(draft: Draft, motion: Motion, subject: str, name: str) -> str:
    """A sentence's core: "the dog slides to the right". name: what the verb agrees with."""
    if motion.kind == "still":
        still = pick_phrase(draft, ("stays still", "does not move", "stands still", "rests"))
        head, _, rest = still.partition(" ")
        return f"{subject} {verb(name, head)} {rest}".strip()
    way = pick_phrase(draft, SLIDE_WAYS[motion.direction or "right"])
    act = pick_phrase(draft, ("slides", "moves", "glides", "slides"))
    return f"{subject} {verb(name, act)} {way}"
