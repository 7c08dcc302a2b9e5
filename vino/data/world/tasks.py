"""Tasks: what is asked, with which references, and the exact answer.

`plan` draws a sample as scenes and words, a pure function of (task, seed, index, vocabulary,
split); `draw` also renders it. Media stand before the text, as in the published prompts.
"""

import hashlib

import numpy as np

from vino.data.world import cloning, editing, making, referring
from vino.data.world.captions import long_caption, short_caption
from vino.data.world.compose import Draft, NotDrawn, Split
from vino.data.world.render import render
from vino.data.world.samples import Plan, Planner, Sample, Shot
from vino.data.world.vocabulary import Vocabulary
from vino.errors import InputError

EDITORS: dict[str, editing.Editor] = {
    "remove": editing.remove,
    "replace": editing.replace_thing,
    "background": editing.change_background,
    "add": editing.add,
    "resize": editing.resize,
    "recolour": editing.recolour,
    "restyle": editing.restyle,
    "look": editing.change_look,
    "extract": editing.extract,
    "move": editing.move,
}
COMPOSED = (
    editing.change_background,
    editing.one_of(editing.remove, editing.replace_thing, editing.add, editing.recolour),
)
TASKS: dict[str, Planner] = {
    "t2i": making.picture,
    "t2v": making.clip,
    "subject": making.subject,
    "subjects": making.subjects,
    "subject_clip": making.subject_clip,
    "subjects_clip": making.subjects_clip,
    "i2v": making.animate,
    **{name: editing.edit_of(editor) for name, editor in EDITORS.items()},
    "compose": editing.edit_of(*COMPOSED),
    "edit_ref": referring.insertion_of(referring.swap_in),
    "add_ref": referring.insertion_of(referring.add_in),
    **{f"clip_{name}": editing.edit_of(editor, is_clip=True) for name, editor in EDITORS.items()},
    "clip_compose": editing.edit_of(*COMPOSED, is_clip=True),
    "clip_edit_ref": referring.insertion_of(referring.swap_in, is_clip=True),
    "clip_add_ref": referring.insertion_of(referring.add_in, is_clip=True),
    "motion_clone": cloning.clone_motion,
    "camera_clone": cloning.clone_camera,
    "reconstruct": making.reconstruct,
    "select": making.select,
}


def plan(task: str, seed: int, index: int, vocabulary: Vocabulary, split: Split = "train") -> Plan:
    """Draw the index-th sample of a task without rendering it.

    NotDrawn, which names the task, when the vocabulary has none.
    """
    if task not in TASKS:
        raise InputError(f"no task {task!r}: the tasks are {', '.join(TASKS)}")
    number = int.from_bytes(hashlib.sha1(f"{task}/{split}".encode()).digest()[:4], "big")
    try:
        return TASKS[task](Draft(np.random.default_rng((seed, number, index)), vocabulary, split))
    except NotDrawn as error:
        raise NotDrawn(f"{task}: {error}") from None


def draw(
    task: str,
    seed: int,
    index: int,
    vocabulary: Vocabulary,
    split: Split = "train",
    size: int = 64,
    frames: int = 17,
) -> Sample:
    """Draw and render the index-th sample of a task.

    size: side of all its media in pixels
    frames: of its clips; pictures have one
    """
    return rendered(task, plan(task, seed, index, vocabulary, split), size, frames)


def rendered(task: str, drawn: Plan, size: int = 64, frames: int = 17) -> Sample:
    """The sample that a plan describes."""

    def pixels(shot: Shot) -> np.ndarray:
        return render(shot.scene, size, frames if shot.is_clip else 1)

    return Sample(
        task=task,
        segments=tuple(s if isinstance(s, str) else pixels(s) for s in drawn.segments),
        base=drawn.base,
        target=pixels(drawn.target),
        source_scene=drawn.source,
        target_scene=drawn.target.scene,
        references=drawn.references,
        caption_long=long_caption(drawn.target.scene, drawn.target.is_clip),
        caption_short=short_caption(drawn.target.scene),
        withhold_latents=drawn.withhold_latents,
    )
