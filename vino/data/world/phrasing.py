"""The same request in the words different people would use.

Of every table the first phrasing is the plainest, and the one drawn most.
"""

from collections.abc import Sequence

from vino.data.world.captions import camera_words, indefinite, motion_words, verb
from vino.data.world.compose import Draft
from vino.data.world.scene import Background, Camera, Motion

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
PATTERNED_BACKGROUND = ("change the background to {backdrop}", "put it on {backdrop}")
MOVE = ("move the {thing} to the {where}", "shift the {thing} to the {where}")
BIGGER = ("make the {thing} bigger", "make the {thing} larger", "enlarge the {thing}")
SMALLER = ("make the {thing} smaller", "shrink the {thing}", "reduce the size of the {thing}")
RECOLOUR = (
    *("make the {thing} {colour}", "paint the {thing} {colour}", "color the {thing} {colour}"),
    *("change the color of the {thing} to {colour}", "turn the {thing} {colour}"),
)
RESTYLE = (
    *("redraw it in {style} style", "change the style to {style}", "make it {style} style"),
    "turn it into {style} style",
)
EXTRACT = (
    *("extract the {thing}", "show only the {thing} on white", "cut out the {thing}"),
    "keep only the {thing} on a plain white background",
)
LOOKS = {
    "grayscale": ("make it grayscale", "make it black and white", "remove the colors"),
    "pixel art": ("turn it into pixel art", "make it pixel art", "pixelate it"),
    "negative": ("turn it into a negative", "invert the colors", "make it a negative"),
    "sepia": ("give it a sepia look", "make it sepia", "turn it into sepia"),
    "line drawing": ("turn it into a line drawing", "make it a line drawing", "show only lines"),
    "blurry": ("blur it", "make it blurry", "blur the picture"),
    "night": ("make it night", "turn it into a night scene", "make it look like night"),
}
REFERENCE = ("the object in Image {n}", "the thing in Image {n}", "the object from Image {n}")
EDIT_BY_REFERENCE = (
    "replace the {thing} with {reference}",
    "swap the {thing} for {reference}",
    "put {reference} in place of the {thing}",
)
ADD_BY_REFERENCE = ("add {reference}{where}", "put {reference}{where}", "insert {reference}{where}")
FIRST_FRAME = (
    "Use Image 1 as the first frame. {action}",
    "{action}",
    "{action}",
    "Start from Image 1. {action}",
    "Animate Image 1: {action}",
)
MOTION_CLONE = (
    "apply the motion of Video 1 to Image 1",
    "apply the motions from the reference video to the image",
    "make the object in Image 1 move like the one in Video 1",
    "let Image 1 move as in Video 1",
)
CAMERA_CLONE = (
    "apply the camera movement of Video 1 to Image 1",
    "refer the video's camera movements, apply those effects to this image",
    "film Image 1 with the camera movement of Video 1",
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
STILL = ("stays still", "does not move", "stands still", "rests")


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
    if 0.15 < how < 0.45 and text[-1] not in ".?":
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
    match motion.kind:
        case "still":
            head, _, rest = pick_phrase(draft, STILL).partition(" ")
            return f"{subject} {verb(name, head)} {rest}".strip()
        case "slide":
            way = pick_phrase(draft, SLIDE_WAYS[motion.direction or "right"])
            act = pick_phrase(draft, ("slides", "moves", "glides", "slides"))
            return f"{subject} {verb(name, act)} {way}"
        case "spin" if motion.direction == "clockwise" and draft.chance(0.5):
            act = pick_phrase(draft, ("spins", "rotates", "turns around"))  # a way not said
            return f"{subject} {verb(name, act)}"
    return f"{subject} {motion_words(motion, name)}"


def camera_phrase(draft: Draft, camera: Camera) -> str:
    """ "the camera zooms in", in other words too."""
    act, _, way = camera.kind.partition(" ")
    short = f"{act} {way}"
    return pick_phrase(draft, (camera_words(camera), camera_words(camera), short))
