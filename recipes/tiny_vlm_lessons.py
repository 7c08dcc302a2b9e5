"""What the tiny vision-language model learns from: questions about scenes, with exact answers.

Every lesson is one turn of the chat form that the generator uses too, so that the states of a
prompt already know what its answer would be: which objects, where, on which background.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from vino.data.world.backgrounds import KINDS
from vino.data.world.captions import (
    adjectives,
    background_words,
    group_words,
    indefinite,
    is_group,
    listing,
    long_caption,
    place,
    reading_order,
    short_caption,
)
from vino.data.world.compose import Draft, Split, draw_scene
from vino.data.world.motion import FPS
from vino.data.world.phrasing import ORDINALS, utter
from vino.data.world.render import render
from vino.data.world.samples import Shot
from vino.data.world.scene import Scene
from vino.data.world.tasks import plan
from vino.data.world.vocabulary import (
    FIRST_LIGHT,
    SECOND_LIGHT,
    TINTS,
    WHOLE,
    Vocabulary,
    name_of,
)
from vino.media import Frames
from vino.prompt import SYSTEM_TEXT, Chat

# How often each task of the world is asked; the answer is the caption of its target.
TASK_SHARES = {
    **{"t2i": 0.28, "t2v": 0.10, "remove": 0.07, "replace": 0.08, "background": 0.06},
    **{"add": 0.06, "edit_ref": 0.04, "subject": 0.05, "subject_clip": 0.03, "i2v": 0.05},
    **{"recolour": 0.04, "move": 0.03, "resize": 0.02, "look": 0.02, "extract": 0.02},
    **{"subjects": 0.02, "reconstruct": 0.015, "select": 0.015},
}
TASK_NAMES, TASK_WEIGHTS = zip(*TASK_SHARES.items(), strict=True)
PAINTED = replace(SECOND_LIGHT, tint_share=0.5, group_share=0.2)
PATTERNED = replace(WHOLE, backgrounds=KINDS, tints=TINTS, tint_share=0.3, group_share=0.2)
SIZE, CLIP_FRAMES = 64, 17

DESCRIBE = (
    *("Describe the image.", "Describe Image 1.", "What does the image show?"),
    "Describe the image in detail.",
)
NAME = ("Name the objects.", "Describe the image briefly.", "What is in the image?")
DESCRIBE_CLIP = ("Describe the video.", "Describe Video 1.", "What happens in the video?")
COUNT_WORDS = ("no objects", "one object", "two objects", "three objects", "four objects")
# How people ask for a picture, besides the captions that they write.
REQUESTS = (
    *("{things} on {colour}", "{things}, {colour} background", "on {colour}: {things}"),
    *("show me {things} on {backdrop}", "please draw {things} on {backdrop}"),
    *("can you make {things} with {backdrop}?", "{things} with {colour} all around"),
    *("a {colour} picture with {things}", "give me {things}. Make the background {colour}."),
    *("paint {things}, background {colour}", "I want {things} over {colour}"),
    *("the background is {colour}, and on it: {things}", "create an image: {things}, {backdrop}"),
    *("I need a picture that shows {things} in front of {backdrop}", "{things} please, {colour}"),
    *("{colour} ground, {things} on top of it", "generate {things}; the rest stays {colour}"),
    *("how about {things} on a {colour} background?", "I'd like {things} before {backdrop}"),
    *("we see {things} and nothing else than {backdrop}", "put {things} on {backdrop}"),
)


@dataclass(frozen=True, eq=False)
class Lesson:
    """A chat and the assistant's answer."""

    chat: Chat
    answer: str


def draw_lesson(seed: int, index: int, split: Split = "train") -> Lesson:
    """The index-th lesson: a pure function of (seed, index, split)."""
    rng = np.random.default_rng((seed, index))
    vocabulary = _vocabulary(rng)
    kind = rng.random()
    if kind < 0.5:
        task = str(rng.choice(TASK_NAMES, p=TASK_WEIGHTS))
        return task_lesson(task, seed, index, vocabulary, split, rewriting=rng.random() < 0.5)
    draft = Draft(rng, vocabulary, split)
    if kind < 0.62:
        return _requesting(draft)
    if kind < 0.84:
        return _captioning(draft)
    return draft.pick(QUESTIONS)(draft)


def task_lesson(
    task: str,
    seed: int,
    index: int,
    vocabulary: Vocabulary = FIRST_LIGHT,
    split: Split = "train",
    rewriting: bool = True,
) -> Lesson:
    """A request of the world's tasks -> the caption of what it asks for.

    rewriting: the system text asks for a caption; otherwise it is the generator's own
    """
    drawn = plan(task, seed, index, vocabulary, split)
    shots = [segment for segment in drawn.segments if isinstance(segment, Shot)]
    chat = ask(drawn.prompt, *map(_rendered, shots))
    caption = long_caption(drawn.target.scene, drawn.target.is_clip)
    return Lesson(chat.rewriting if rewriting else chat, caption)


def ask(text: str, *media: np.ndarray) -> Chat:
    """A request about pictures and clips (T H W 3), pictures first."""
    frames = [Frames(pixels, FPS) for pixels in media]
    return Chat(
        SYSTEM_TEXT,
        text,
        tuple(f for f in frames if len(f.pixels) == 1),
        tuple(f for f in frames if len(f.pixels) > 1),
    )


def _vocabulary(rng: np.random.Generator) -> Vocabulary:
    """Mostly what the first generator knows, but all concepts get names."""
    chance = rng.random()
    for limit, vocabulary in ((0.25, FIRST_LIGHT), (0.65, PAINTED), (0.85, WHOLE)):
        if chance < limit:
            return vocabulary
    return PATTERNED


def _scene(draft: Draft, counts: tuple[int, ...] = (1, 1, 2, 2, 2, 3)) -> Scene:
    """A picture's scene: painted and equal things too, where the vocabulary has them."""
    vocabulary = replace(draft.vocabulary, counts=counts)
    return plan("t2i", 0, int(draft.rng.integers(2**31)), vocabulary, draft.split).target.scene


def _requesting(draft: Draft) -> Lesson:
    """A request as people word it -> the caption of what it asks for."""
    scene = _scene(draft, (1, 1, 2, 2, 3))
    things = [indefinite(name_of(o.concept), adjectives(o)) for o in reading_order(scene.objects)]
    if is_group(scene):
        things = [group_words(scene)]
    elif len(things) == 1 and draft.chance(0.7):
        things = [f"{things[0]} {place(scene.objects[0])}"]
    backdrop = background_words(scene.background)
    forms = [f for f in REQUESTS if "{backdrop}" in f or scene.background.kind == "plain"]
    text = draft.pick(forms).format(
        things=listing(things), colour=scene.background.first, backdrop=backdrop
    )
    chat = ask(utter(draft, text))
    return Lesson(chat.rewriting if draft.chance(0.6) else chat, long_caption(scene))


def _captioning(draft: Draft) -> Lesson:
    if draft.chance(0.1):
        index = int(draft.rng.integers(2**31))
        clip = plan("t2v", 0, index, draft.vocabulary, draft.split).target
        question = ask(draft.pick(DESCRIBE_CLIP), _rendered(clip))
        return Lesson(question, long_caption(clip.scene, clip=True))
    scene = _scene(draft)
    if draft.chance(0.7):
        return describe(scene, draft.pick(DESCRIBE))
    return Lesson(ask(draft.pick(NAME), _picture(scene)), short_caption(scene))


def describe(scene: Scene, question: str = DESCRIBE[0]) -> Lesson:
    """A picture -> its long caption."""
    return Lesson(ask(question, _picture(scene)), long_caption(scene))


def _which_image(draft: Draft) -> Lesson:
    """ "What is in Image 2?" """
    scenes = [draw_scene(draft) for _ in range(draft.pick((2, 2, 3)))]
    wanted = draft.pick(range(len(scenes)))
    forms = ("What is in Image {n}?", "Describe Image {n}.", "What does the {nth} image show?")
    question = draft.pick(forms).format(n=wanted + 1, nth=ORDINALS[wanted])
    scene = scenes[wanted]
    answer = f"{short_caption(scene)} on {background_words(scene.background)}"
    return Lesson(ask(question, *map(_picture, scenes)), answer)


def _holds(draft: Draft) -> Lesson:
    """ "Which image shows the dog?" """
    scenes = [draw_scene(draft) for _ in range(draft.pick((2, 2, 3)))]
    wanted = draft.pick(range(len(scenes)))
    thing = draft.pick(scenes[wanted].objects).concept
    shown = [
        f"Image {place + 1}"
        for place, scene in enumerate(scenes)
        if thing in {other.concept for other in scene.objects}
    ]
    question = f"Which image shows the {draft.name(thing)}?"
    return Lesson(ask(question, *map(_picture, scenes)), listing(shown))


def _where(draft: Draft) -> Lesson:
    scene = draw_scene(draft, (1, 2, 2, 3))
    thing = draft.pick(scene.objects)
    question = f"Where is the {draft.name(thing.concept)}?"
    return Lesson(ask(question, _picture(scene)), place(thing))


def _what_lies(draft: Draft) -> Lesson:
    """ "What is at the left?" """
    scene = draw_scene(draft, (1, 2, 2, 3))
    where = place(draft.pick(scene.objects))
    there = [thing for thing in reading_order(scene.objects) if place(thing) == where]
    answer = listing([indefinite(name_of(thing.concept)) for thing in there])
    return Lesson(ask(f"What is {where}?", _picture(scene)), answer)


def _background(draft: Draft) -> Lesson:
    scene = draw_scene(draft)
    question = draft.pick(("What is the background?", "What color is the background?"))
    return Lesson(ask(question, _picture(scene)), background_words(scene.background))


def _how_many(draft: Draft) -> Lesson:
    scene = _scene(draft, (1, 2, 3))
    answer = f"{COUNT_WORDS[len(scene.objects)]}: {short_caption(scene)}"
    return Lesson(ask("How many objects are there?", _picture(scene)), answer)


def _what_colour(draft: Draft) -> Lesson:
    """ "What color is the dog?" """
    scene = _scene(replace(draft, vocabulary=replace(PAINTED, tint_share=1.0, group_share=0.0)))
    painted = [thing for thing in scene.objects if thing.tint]
    if not painted:
        return describe(scene)
    thing = draft.pick(painted)
    question = f"What color is the {name_of(thing.concept)}?"
    return Lesson(ask(question, _picture(scene)), str(thing.tint))


def _rendered(shot: Shot) -> np.ndarray:
    return render(shot.scene, SIZE, CLIP_FRAMES if shot.is_clip else 1)


def _picture(scene: Scene) -> np.ndarray:
    return render(scene, SIZE)


QUESTIONS: tuple[Callable[[Draft], Lesson], ...] = (
    *(_which_image, _which_image, _holds),
    *(_where, _what_lies, _background, _how_many, _how_many, _what_colour),
)
