"""Samples of every task: determinism, splits, truth of the words, untouched pixels."""

import numpy as np
import pytest

from vino.data.world.compose import fits, is_kept_for_evaluation
from vino.data.world.render import render
from vino.data.world.samples import Plan, Shot
from vino.data.world.scene import Scene
from vino.data.world.tasks import TASKS, draw, plan
from vino.data.world.vocabulary import (
    FIRST_LIGHT,
    HELD_OUT_CONCEPTS,
    WHOLE,
    Vocabulary,
    concept,
    is_held_out_scene,
)
from vino.errors import InputError

EDITS = ("remove", "replace", "background", "add", "edit_ref")
KITCHEN = Vocabulary(
    concepts=(concept("dog"), concept("red apple"), concept("top hat")),
    references=(concept("banana"),),
    colours=("green", "blue", "yellow"),
)


@pytest.mark.parametrize("task", TASKS)
def test_a_sample_is_a_function_of_seed_and_index(task: str) -> None:
    first, again = (draw(task, 3, 5, FIRST_LIGHT, frames=5) for _ in range(2))
    assert first.prompt == again.prompt and np.array_equal(first.target, again.target)
    others = [plan(task, 3, index, FIRST_LIGHT) for index in range(20)]
    assert len({tuple(other.scenes()) for other in others}) == 20
    assert plan(task, 4, 5, FIRST_LIGHT) != plan(task, 3, 5, FIRST_LIGHT)


@pytest.mark.parametrize("task", TASKS)
def test_shapes_and_the_base(task: str) -> None:
    sample = draw(task, 0, 1, FIRST_LIGHT, size=32, frames=5)
    is_clip = task in ("t2v", "i2v", "subject_clip")
    assert sample.target.shape == (5 if is_clip else 1, 32, 32, 3)
    media = [segment for segment in sample.segments if isinstance(segment, np.ndarray)]
    assert all(medium.dtype == np.uint8 and medium.shape[1:] == (32, 32, 3) for medium in media)
    assert sum(isinstance(segment, str) for segment in sample.segments) == 1
    assert isinstance(sample.segments[-1], str)  # media first, as published
    if task in EDITS or task == "i2v":
        assert sample.base == len(media) - 1 and sample.source_scene is not None
    else:
        assert sample.base is None and sample.source_scene is None


def drawn_concepts(drawn: Plan) -> set[str]:
    return {thing.concept for scene in drawn.scenes() for thing in scene.objects}


@pytest.mark.parametrize("vocabulary", [FIRST_LIGHT, WHOLE], ids=["first-light", "whole"])
def test_training_never_shows_what_is_held_out(vocabulary: Vocabulary) -> None:
    for task in TASKS:
        for index in range(400):
            drawn = plan(task, 0, index, vocabulary)
            assert not drawn_concepts(drawn) & set(HELD_OUT_CONCEPTS)
            composed = [s for s in drawn.scenes() if s not in drawn.references]
            assert not any(map(is_kept_for_evaluation, composed)), task


def test_training_compositions_in_many_draws() -> None:
    for index in range(50_000):
        scene = plan("t2i", 1, index, FIRST_LIGHT).target.scene
        keys = [thing.concept for thing in scene.objects]
        assert not is_held_out_scene(keys, scene.background.first)


@pytest.mark.parametrize("task", [task for task in TASKS if task not in ("reconstruct", "select")])
def test_evaluation_draws_only_held_out_scenes(task: str) -> None:
    for index in range(40):
        drawn = plan(task, 0, index, FIRST_LIGHT, "held-out")
        target = drawn.target.scene
        assert is_kept_for_evaluation(target) or not target.objects
        assert not drawn_concepts(drawn) & set(HELD_OUT_CONCEPTS)


@pytest.mark.parametrize("task", ["subject", "subject_clip", "edit_ref"])
def test_unseen_references_show_held_out_concepts(task: str) -> None:
    for index in range(40):
        (reference,) = plan(task, 0, index, FIRST_LIGHT, "unseen").references
        assert reference.objects[0].concept in HELD_OUT_CONCEPTS


@pytest.mark.parametrize("task", TASKS)
def test_objects_are_inside_the_frame_and_apart(task: str) -> None:
    for index in range(200):
        assert all(map(fits, plan(task, 2, index, WHOLE).scenes()))


def footprint(scene: Scene, size: int) -> np.ndarray:
    """The square hull of what may differ (H W bool), one pixel wider for smoothing."""
    mask = np.zeros((size, size), bool)
    for thing in scene.objects:
        low_x, low_y = ((c - thing.size / 2) * size - 1.5 for c in (thing.x, thing.y))
        span = thing.size * size + 3
        rows, columns = (slice(max(0, int(v)), int(v + span) + 1) for v in (low_y, low_x))
        mask[rows, columns] = True
    return mask


@pytest.mark.parametrize("task", ["remove", "replace", "add", "edit_ref"])
def test_untouched_pixels_are_the_same(task: str) -> None:
    for index in range(50):
        sample = draw(task, 0, index, FIRST_LIGHT)
        assert sample.base is not None and sample.source_scene is not None
        source = sample.segments[sample.base]
        assert isinstance(source, np.ndarray)
        touched = set(sample.source_scene.objects) ^ set(sample.target_scene.objects)
        allowed = footprint(Scene(objects=tuple(touched)), 64)
        differs = (source[0] != sample.target[0]).any(-1)
        assert differs.any() and not (differs & ~allowed).any()


def test_a_new_background_leaves_opaque_ink_alone() -> None:
    for index in range(20):
        sample = draw("background", 0, index, FIRST_LIGHT)
        assert sample.source_scene is not None
        assert sample.source_scene.objects == sample.target_scene.objects
        black, white = (
            render(Scene(sample.target_scene.background.__class__("plain", colour), things))[0]
            for things in [sample.target_scene.objects]
            for colour in ("black", "white")
        )
        opaque = (black == white).all(-1)
        source = sample.segments[0]
        assert isinstance(source, np.ndarray)
        assert opaque.any() and np.array_equal(source[0][opaque], sample.target[0][opaque])


def test_a_clip_starts_from_its_first_frame() -> None:
    for index in range(20):
        sample = draw("i2v", 0, index, FIRST_LIGHT, frames=5)
        assert np.array_equal(sample.segments[0], sample.target[:1])


def test_the_base_of_a_reference_edit_is_the_last_picture() -> None:
    drawn = plan("edit_ref", 0, 0, FIRST_LIGHT)
    assert drawn.segments[1] == Shot(drawn.source) and drawn.base == 1
    assert drawn.segments[0] == Shot(drawn.references[0])


def test_the_selected_picture_is_the_one_asked_for() -> None:
    places = {"Image 1": 0, "Image 2": 1, "first": 0, "second": 1}
    for index in range(60):
        drawn = plan("select", 0, index, FIRST_LIGHT)
        for word, place in places.items():
            if word in drawn.prompt:
                assert drawn.segments[place] == drawn.target


@pytest.mark.parametrize(
    ("task", "phrase"),
    [
        ("t2i", "a red apple and a dog on a plain green background"),
        ("t2i", "a dog on a plain blue background"),
        ("t2i", "a dog to the left of a red apple on a plain green background"),
        ("t2v", "a dog slides to the right on a plain blue background"),
        ("replace", "replace the dog with a top hat"),
        ("remove", "remove the red apple"),
        ("remove", "remove the dog"),
        ("background", "change the background to yellow"),
        ("subject", "the object in Image 1 on a plain blue background"),
        ("subject_clip", "the object in Image 1 slides to the right"),
        ("i2v", "the dog slides to the right"),
        ("i2v", "Use Image 1 as the first frame. The dog slides to the left."),
        ("edit_ref", "replace the dog with the object in Image 1"),
    ],
)
def test_the_plain_phrasings_are_drawn(task: str, phrase: str) -> None:
    prompts = (plan(task, 0, index, KITCHEN).prompt for index in range(30_000))
    assert phrase in prompts


def test_a_vocabulary_without_such_scenes_is_refused() -> None:
    with pytest.raises(InputError, match="more concepts"):
        plan("t2i", 0, 0, Vocabulary((concept("dog"),), (), ("blue",)), "held-out")


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(InputError, match="the tasks are"):
        plan("t3d", 0, 0, FIRST_LIGHT)
