"""Samples of every task: determinism, splits, truth of the words, untouched pixels."""

import numpy as np
import pytest

from vino.data.world.compose import fits, is_kept_for_evaluation
from vino.data.world.layout import shows_camera
from vino.data.world.render import render
from vino.data.world.samples import Plan, Shot
from vino.data.world.scene import Scene
from vino.data.world.tasks import TASKS, draw, plan
from vino.data.world.vocabulary import (
    FIRST_LIGHT,
    FULL,
    HELD_OUT_CONCEPTS,
    SECOND_LIGHT,
    WHOLE,
    Vocabulary,
    concept,
    is_held_out_pair,
    is_held_out_scene,
)
from vino.errors import InputError

# Tasks that a world of one style and two motions has, and those that need the whole of it.
SIMPLE = (
    *("t2i", "t2v", "subject", "subjects", "subject_clip", "subjects_clip", "i2v"),
    *("remove", "replace", "background", "add", "edit_ref", "add_ref", "reconstruct", "select"),
)
LIGHT = tuple(task for task in TASKS if "restyle" not in task)  # one style
LOCAL = ("remove", "replace", "add", "resize", "recolour", "restyle", "move", "edit_ref", "add_ref")
CLIPS = tuple(task for task in TASKS if task.startswith("clip_"))
GIVEN_CLIP = (*CLIPS, "motion_clone", "camera_clone")  # in the prompt
MADE_CLIP = (*GIVEN_CLIP, "t2v", "i2v", "subject_clip", "subjects_clip")
SUBJECTS = ("subject", "subjects", "subject_clip", "subjects_clip")
WITHOUT_BASE = ("t2i", "t2v", *SUBJECTS, "reconstruct", "select")
KITCHEN = Vocabulary(
    concepts=(concept("dog"), concept("red apple"), concept("top hat")),
    references=(concept("banana"),),
    colours=("green", "blue", "yellow"),
)


@pytest.mark.parametrize("task", TASKS)
def test_a_sample_is_a_function_of_seed_and_index(task: str) -> None:
    first, again = (draw(task, 3, 5, FULL, frames=5) for _ in range(2))
    assert first.prompt == again.prompt and np.array_equal(first.target, again.target)
    others = [plan(task, 3, index, FULL) for index in range(20)]
    assert len({tuple(other.scenes()) for other in others}) == 20
    assert plan(task, 4, 5, FULL) != plan(task, 3, 5, FULL)


@pytest.mark.parametrize("task", TASKS)
def test_shapes_and_the_base(task: str) -> None:
    sample = draw(task, 0, 1, FULL, size=32, frames=5)
    assert sample.target.shape == (5 if task in MADE_CLIP else 1, 32, 32, 3)
    media = [segment for segment in sample.segments if isinstance(segment, np.ndarray)]
    assert all(medium.dtype == np.uint8 and medium.shape[1:] == (32, 32, 3) for medium in media)
    assert any(len(medium) == 5 for medium in media) == (task in GIVEN_CLIP)
    assert [len(medium) for medium in media] == sorted(len(medium) for medium in media)
    assert sum(isinstance(segment, str) for segment in sample.segments) == 1
    assert isinstance(sample.segments[-1], str)  # media first, as published
    assert (sample.base is None) == (task in WITHOUT_BASE) == (sample.source_scene is None)


def drawn_concepts(drawn: Plan) -> set[str]:
    return {thing.concept for scene in drawn.scenes() for thing in scene.objects}


@pytest.mark.parametrize(
    ("vocabulary", "tasks"),
    [(FIRST_LIGHT, SIMPLE), (SECOND_LIGHT, LIGHT), (WHOLE, SIMPLE), (FULL, tuple(TASKS))],
    ids=["first-light", "second-light", "whole", "full"],
)
def test_training_never_shows_what_is_held_out(
    vocabulary: Vocabulary, tasks: tuple[str, ...]
) -> None:
    for task in tasks:
        for index in range(540):  # with the test below, a hundred thousand in all
            drawn = plan(task, 0, index, vocabulary)
            assert not drawn_concepts(drawn) & set(HELD_OUT_CONCEPTS)
            composed = [s for s in drawn.scenes() if s not in drawn.references]
            assert not any(map(is_kept_for_evaluation, composed)), task
            if vocabulary is FULL:
                things = [thing for scene in drawn.scenes() for thing in scene.objects]
                assert not any(is_held_out_pair(thing.concept, thing.style) for thing in things)


def test_training_compositions_in_many_draws() -> None:
    for index in range(50_000):
        scene = plan("t2i", 1, index, FIRST_LIGHT).target.scene
        keys = [thing.concept for thing in scene.objects]
        assert not is_held_out_scene(keys, scene.background.first)


@pytest.mark.parametrize("task", TASKS)
def test_evaluation_draws_only_held_out_scenes(task: str) -> None:
    for index in range(20):
        drawn = plan(task, 0, index, FULL, "held-out")
        target = drawn.target.scene
        assert is_kept_for_evaluation(target) or not target.objects
        assert not drawn_concepts(drawn) & set(HELD_OUT_CONCEPTS)


@pytest.mark.parametrize("task", [*SUBJECTS, "edit_ref", "clip_add_ref"])
def test_unseen_references_show_held_out_concepts(task: str) -> None:
    for index in range(40):
        for reference in plan(task, 0, index, FIRST_LIGHT, "unseen").references:
            assert reference.objects[0].concept in HELD_OUT_CONCEPTS


@pytest.mark.parametrize("task", TASKS)
def test_objects_are_inside_the_frame_and_apart(task: str) -> None:
    for index in range(200):
        assert all(map(fits, plan(task, 2, index, FULL).scenes()))


def footprint(scene: Scene, size: int) -> np.ndarray:
    """The square hull of what may differ (H W bool), one pixel wider for smoothing."""
    mask = np.zeros((size, size), bool)
    for thing in scene.objects:
        low_x, low_y = ((c - thing.size / 2) * size - 1.5 for c in (thing.x, thing.y))
        span = thing.size * size + 3
        rows, columns = (slice(max(0, int(v)), int(v + span) + 1) for v in (low_y, low_x))
        mask[rows, columns] = True
    return mask


@pytest.mark.parametrize("task", LOCAL)
def test_untouched_pixels_are_the_same(task: str) -> None:
    for index in range(50):
        sample = draw(task, 0, index, FULL)
        assert sample.base is not None and sample.source_scene is not None
        source = sample.segments[sample.base]
        assert isinstance(source, np.ndarray)
        touched = set(sample.source_scene.objects) ^ set(sample.target_scene.objects)
        allowed = footprint(Scene(objects=tuple(touched)), 64)
        differs = (source[0] != sample.target[0]).any(-1)
        assert differs.any() and not (differs & ~allowed).any()


@pytest.mark.parametrize("task", ["clip_remove", "clip_replace", "clip_add_ref"])
def test_an_edit_of_a_clip_leaves_the_other_objects_moving_alike(task: str) -> None:
    for index in range(10):
        drawn = plan(task, 0, index, FULL)
        assert drawn.source is not None
        kept = [thing for thing in drawn.source.objects if thing in drawn.target.scene.objects]
        assert len(kept) >= len(drawn.source.objects) - 1
        assert any(thing.motion.kind != "still" for thing in drawn.source.objects)


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


@pytest.mark.parametrize("task", ["t2v", "i2v", "subject_clip", "camera_clone"])
def test_a_moving_camera_can_be_seen_and_is_as_frequent_as_said(task: str) -> None:
    scenes = [plan(task, 0, index, SECOND_LIGHT).target.scene for index in range(60)]
    filmed = [scene for scene in scenes if scene.camera.kind != "static"]
    share = {"camera_clone": 1.0, "i2v": 0.125}.get(task, 0.25)
    assert all(map(shows_camera, filmed))
    assert len({scene.camera.kind for scene in filmed}) > 2
    assert abs(len(filmed) / 60 - share) < 0.12


@pytest.mark.parametrize("task", ["add", "add_ref"])
def test_what_is_added_has_the_usual_size(task: str) -> None:
    added = [plan(task, 0, index, SECOND_LIGHT).target.scene.objects[-1] for index in range(40)]
    assert np.mean([thing.size > 0.26 for thing in added]) > 0.9


@pytest.mark.parametrize("task", ["i2v", "motion_clone", "camera_clone"])
def test_a_clip_starts_from_its_first_frame(task: str) -> None:
    for index in range(30):
        sample = draw(task, 0, index, FULL, size=33, frames=5)
        assert np.array_equal(sample.segments[0], sample.target[:1])


def test_the_base_of_a_reference_edit_is_the_last_picture() -> None:
    drawn = plan("edit_ref", 0, 0, FIRST_LIGHT)
    assert drawn.segments[1] == Shot(drawn.source) and drawn.base == 1
    assert drawn.segments[0] == Shot(drawn.references[0])


def test_a_clone_takes_the_motion_and_nothing_else() -> None:
    for task in ("motion_clone", "camera_clone"):
        drawn = plan(task, 0, 1, FULL)
        (clip,), still, target = drawn.references, drawn.source, drawn.target.scene
        assert still is not None and still != target
        assert target.camera == clip.camera and target.background == still.background
        assert target.objects[0].motion == clip.objects[0].motion


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


def test_tints_are_as_frequent_as_the_vocabulary_says() -> None:
    often, never = (
        Vocabulary(
            concepts=KITCHEN.concepts, references=(), tints=("blue",), tint_share=share, counts=(2,)
        )
        for share in (0.9, 0.0)
    )

    def share(vocabulary: Vocabulary) -> float:
        scenes = [plan("t2i", 0, i, vocabulary).target.scene for i in range(60)]
        return float(np.mean([thing.tint is not None for s in scenes for thing in s.objects]))

    assert share(never) == 0 and share(often) > 0.5
