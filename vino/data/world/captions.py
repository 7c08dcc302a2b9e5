"""Words for what is in a scene: nouns with their articles, places, sizes, motions, captions."""

import json
from collections.abc import Sequence

from vino.data.world.motion import is_moving
from vino.data.world.scene import Background, Camera, Motion, Scene, SceneObject
from vino.data.world.vocabulary import ASSETS, COLOURS, name_of

SMALL, LARGE = 0.27, 0.62  # sizes below and above which an object is called so
NEAR, FAR = 0.38, 0.62  # places before and after which an object is called left or right

_NOUNS = json.loads((ASSETS / "nouns.json").read_text())
PLURALS = frozenset(_NOUNS["plural"])  # "scissors slide"
UNCOUNTED = frozenset(_NOUNS["uncounted"])  # "bread slides"
IRREGULAR = dict(_NOUNS["irregular"])  # "mouse", "mice"
SOUNDED = ("uni", "ewe", "one", "euro", "uku", "u-")  # vowels on paper, consonants in speech
PLACES = (" at the ", " in the center")
RELATIONS = (" left of ", " right of ", " above ", " below ")
COUNTS = {2: "two", 3: "three", 4: "four", 5: "five"}
VERBS = {
    **{"still": "stays still", "swing": "swings from side to side", "grow": "grows"},
    **{"shrink": "shrinks", "pulse": "pulses", "bounce": "bounces", "fade in": "fades in"},
    **{"fade out": "fades out", "orbit": "moves in a circle", "spin": "spins"},
    **{"slide": "slides", "roll": "rolls"},
}


def indefinite(name: str, adjective: str = "") -> str:
    """The noun as something new: "a dog", "an octopus", "scissors", "a small dog"."""
    words = f"{adjective} {name}" if adjective else name
    if name in PLURALS or name in UNCOUNTED:
        return words
    vowel = words[0] in "aeiou" and not words.startswith(SOUNDED)
    return f"an {words}" if vowel or words.startswith("hour") else f"a {words}"


def plural(name: str) -> str:
    """Several of it: "dogs", "mice", "loaves of bread"."""
    head, of, rest = name.partition(" of ")
    if of:
        return plural(head) + of + rest
    start, _, last = name.rpartition(" ")
    if name in PLURALS or name in UNCOUNTED:
        return name
    return f"{start} {_plural_word(last)}".strip()


def _plural_word(word: str) -> str:
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word.endswith(("s", "x", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


def is_countable(name: str) -> bool:
    """Whether "three ..." can be said of it."""
    return name not in PLURALS and name not in UNCOUNTED


def verb(name: str, singular: str) -> str:
    """The verb that agrees with the noun: "slides", but "slide" after "scissors"."""
    if name not in PLURALS:
        return singular
    return {"is": "are", "does": "do"}.get(singular) or singular.removesuffix("s")


def size_word(thing: SceneObject) -> str:
    """ "small", "large", or nothing for the usual size."""
    return "small" if thing.size < SMALL else "large" if thing.size > LARGE else ""


def adjectives(thing: SceneObject) -> str:
    """Size and colour, where there is something to say: "small blue"."""
    return " ".join(filter(None, (size_word(thing), thing.tint)))


def can_be_tinted(name: str) -> bool:
    """Whether the name leaves its colour open: a "red apple" does not."""
    return not set(name.split()) & set(COLOURS)


def place(thing: SceneObject) -> str:
    """ "in the center", "at the top left", ... from where the object starts."""
    row = "top" if thing.y < NEAR else "bottom" if thing.y > FAR else ""
    column = "left" if thing.x < NEAR else "right" if thing.x > FAR else ""
    return f"at the {f'{row} {column}'.strip()}" if row or column else "in the center"


def relation(first: SceneObject, second: SceneObject) -> str:
    """How the first object lies to the second, along the axis where they are further apart."""
    dx, dy = first.x - second.x, first.y - second.y
    if abs(dx) >= abs(dy):
        return "to the left of" if dx < 0 else "to the right of"
    return "above" if dy < 0 else "below"


def background_words(background: Background) -> str:
    """The backdrop as a noun phrase: "a plain blue background"."""
    first, second = background.first, background.second or "white"
    match background.kind:
        case "plain":
            return indefinite("background", f"plain {first}")
        case "sky and ground":
            return f"{indefinite('sky', first)} above {second} ground"
        case "stripes":
            return f"{first} and {second} stripes"
        case "polka dots":
            return indefinite("background", f"{first}") + f" with {second} polka dots"
        case "grid":
            return indefinite("background", f"{first}") + f" with {indefinite('grid', second)}"
        case "checkerboard":
            return indefinite("checkerboard", f"{first} and {second}")
        case "horizontal gradient":
            return f"a gradient from {first} on the left to {second} on the right"
        case "vertical gradient":
            return f"a gradient from {first} at the top to {second} at the bottom"
    return f"a radial gradient from {first} to {second}"


def motion_words(motion: Motion, name: str) -> str:
    """What an object does, as a verb phrase that agrees with its name."""
    head, _, rest = VERBS[motion.kind].partition(" ")
    return " ".join(filter(None, (verb(name, head), rest, way(motion))))


def way(motion: Motion) -> str:
    """Where a motion goes, nothing for those that go nowhere."""
    if motion.direction in ("left", "right"):
        return f"to the {motion.direction}"
    return motion.direction or ""


def camera_words(camera: Camera) -> str:
    """What the camera does: "the camera zooms in", "the camera pans to the left"."""
    act, way = camera.kind.split() if " " in camera.kind else ("stay", "still")
    return f"the camera {act}s " + (f"to the {way}" if act == "pan" else way)


def says_where(
    text: str, background: Background, ways: Sequence[str] = (*PLACES, *RELATIONS)
) -> bool:
    """Whether a text tells in one of these ways where things are; its backdrop's words do not."""
    spoken = f" {text} ".replace(background_words(background), "")
    return any(words in spoken for words in ways)


def listing(items: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def reading_order(objects: tuple[SceneObject, ...]) -> list[SceneObject]:
    """Objects as they are named when no place is said: row by row, from left to right."""
    return sorted(objects, key=lambda thing: (_row(thing), thing.x))


def _row(thing: SceneObject) -> int:
    return 0 if thing.y < NEAR else 2 if thing.y > FAR else 1


def is_group(scene: Scene) -> bool:
    """Whether the scene shows several equal things."""
    keys = [thing.concept for thing in scene.objects]
    return len(keys) > 1 and len(set(keys)) == 1


def group_words(scene: Scene) -> str:
    """ "three small dogs"."""
    thing = scene.objects[0]
    words = (COUNTS[len(scene.objects)], adjectives(thing), plural(name_of(thing.concept)))
    return " ".join(filter(None, words))


def short_caption(scene: Scene) -> str:
    """The objects (and what one alone does), nothing of the rest."""
    objects = reading_order(scene.objects)
    if not objects:
        return f"an empty {scene.background.first} background"
    if is_group(scene):
        return group_words(scene)
    nouns = [indefinite(name_of(thing.concept), thing.tint or "") for thing in objects]
    if len(objects) == 1 and is_moving(objects[0].motion):
        return f"{nouns[0]} that {motion_words(objects[0].motion, name_of(objects[0].concept))}"
    return listing(nouns)


def long_caption(scene: Scene, clip: bool = False) -> str:
    """All that can be said of a scene: objects, style, sizes, places, motions, background."""
    medium = "A clip" if clip else "A picture"
    backdrop = background_words(scene.background)
    objects = reading_order(scene.objects)
    if not objects:
        sentences = [f"{medium} of nothing but {backdrop}."]
    elif is_group(scene):
        style = f"They are drawn in {objects[0].style} style."
        sentences = [f"{medium} of {group_words(scene)} on {backdrop}.", style]
    else:
        nouns = [indefinite(name_of(thing.concept), thing.tint or "") for thing in objects]
        sentences = [f"{medium} of {listing(nouns)} on {backdrop}."]
        sentences += [_about(thing, clip) for thing in objects]
    if len(objects) > 1 and not is_group(scene):
        first, second = objects[:2]
        name, other = name_of(first.concept), name_of(second.concept)
        sentences.append(f"The {name} {verb(name, 'is')} {relation(first, second)} the {other}.")
    if clip and scene.camera.kind != "static":
        sentences.append(f"{camera_words(scene.camera).capitalize()}.")
    if scene.look is not None:
        sentences.append(f"The look is {scene.look}.")
    return " ".join(sentences)


def _about(thing: SceneObject, clip: bool) -> str:
    name = name_of(thing.concept)
    size = size_word(thing) or "medium-sized"
    words = f"The {name} {verb(name, 'is')} {size}, drawn in {thing.style} style, {place(thing)}"
    return f"{words}, and {motion_words(thing.motion, name)}." if clip else f"{words}."
