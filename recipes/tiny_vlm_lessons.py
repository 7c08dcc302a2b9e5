"""What the tiny vision-language model learns from: questions about scenes, with exact answers.

Every lesson is one turn of the chat form that the generator uses too, so that the states of a
prompt already know what its answer would be: which objects, where, on which background.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from vino.data.world.backgrounds import KINDS
from vino.data.world.captions import (
    background_words,
    indefinite,
    listing,
    long_caption,
    place,
    reading_order,
    short_caption,
)
from vino.data.world.compose import Draft, Split, draw_scene
from vino.data.world.phrasing import ORDINALS
from vino.data.world.render import render
from vino.data.world.samples import Shot
from vino.data.world.scene import Scene
from vino.data.world.tasks import plan
from vino.data.world.vocabulary import FIRST_LIGHT, WHOLE, Vocabulary, name_of
from vino.media import Frames
from vino.prompt import SYSTEM_TEXT, Chat

# How often each task of the world is asked; the answer is the caption of its target.
TASK_SHARES = {
    **{"t2i": 0.34, "t2v": 0.12, "remove": 0.09, "replace": 0.09, "background": 0.09},
    **{"add": 0.05, "edit_ref": 0.04, "subject": 0.06, "subject_clip": 0.03, "i2v": 0.05},
    **{"reconstruct": 0.02, "select": 0.02},
}
TASK_NAMES, TASK_WEIGHTS = zip(*TASK_SHARES.items(), strict=True)
PATTERNED = replace(WHOLE, backgrounds=KINDS)
SIZE, CLIP_FRAMES, FPS = 64, 17, 24.0

DESCRIBE = (
    *("Describe the image.", "Describe Image 1.", "What does the image show?"),
    "Describe the image in detail.",
)
NAME = ("Name the objects.", "Describe the image briefly.", "What is in the image?")
DESCRIBE_CLIP = ("Describe the video.", "Describe Video 1.", "What happens in the video?")
COUNT_WORDS = ("no objects", "one object", "two objects", "three objects")


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
    if kind < 0.58:
        task = str(rng.choice(TASK_NAMES, p=TASK_WEIGHTS))
        return task_lesson(task, seed, index, vocabulary, split, rewriting=rng.random() < 0.5)
    draft = Draft(rng, vocabulary, split)
    if kind < 0.82:
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
    return FIRST_LIGHT if chance < 0.6 else WHOLE if chance < 0.9 else PATTERNED


def _captioning(draft: Draft) -> Lesson:
    if draft.chance(0.1):
        index = int(draft.rng.integers(2**31))
        clip = plan("t2v", 0, index, draft.vocabulary, draft.split).target
        question = ask(draft.pick(DESCRIBE_CLIP), _rendered(clip))
        return Lesson(question, long_caption(clip.scene, clip=True))
    scene = draw_scene(draft, (1, 1, 2, 2, 2, 3))
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
    scene = draw_scene(draft, (1, 2, 3))
    answer = f"{COUNT_WORDS[len(scene.objects)]}: {short_caption(scene)}"
    return Lesson(ask("How many objects are there?", _picture(scene)), answer)


def _rendered(shot: Shot) -> np.ndarray:
    return render(shot.scene, SIZE, CLIP_FRAMES if shot.is_clip else 1)


def _picture(scene: Scene) -> np.ndarray:
    return render(scene, SIZE)


QUESTIONS: tuple[Callable[[Draft], Lesson], ...] = (
    *(_which_image, _which_image, _holds),
    *(_where, _what_lies, _background, _how_many),
)
