"""The judge on scenes whose truth is known, whole and damaged."""

from dataclasses import replace

import numpy as np
import pytest

from vino.data.world.captions import RELATIONS, says_where
from vino.data.world.layout import shows_camera
from vino.data.world.render import render
from vino.data.world.scene import DIRECTIONS, Background, Camera, Motion, Scene, SceneObject
from vino.data.world.tasks import plan
from vino.data.world.vocabulary import CAMERAS, FIRST_LIGHT, FULL, STYLES, TINTS, WHOLE, concept
from vino.evaluate.world.backdrop import find_backdrop
from vino.evaluate.world.clips import moves_as_told
from vino.evaluate.world.damage import blurred, noisy
from vino.evaluate.world.judge import Judge, Reading
from vino.evaluate.world.motion import MOTIONS, read_clip
from vino.evaluate.world.preservation import untouched
from vino.evaluate.world.questions import can_be_told
from vino.evaluate.world.suites import SUITES
from vino.evaluate.world.trials import WORLDS, Course, Kind
from vino.evaluate.world.verdicts import Case, found_at, is_it, verdict

COUNT = 24


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


def scenes(vocabulary) -> list[Scene]:
    split = "train" if vocabulary is WHOLE else "held-out"
    return [plan("t2i", 3, i, vocabulary, split).target.scene for i in range(COUNT)]


def is_right(scene: Scene, reading: Reading) -> bool:
    """Everything: background, number, names, places, sizes."""
    if (reading.backdrop.kind, reading.backdrop.first) != ("plain", scene.background.first):
        return False
    if len(reading.objects) != len(scene.objects):
        return False
    pairs = [(t, f) for t in scene.objects for f in reading.objects if f.concept == t.concept]
    return len(pairs) == len(scene.objects) and all(
        f.is_recognised
        and max(abs(f.x - t.x), abs(f.y - t.y)) < 0.05
        and abs(f.size / t.size - 1) < 0.2
        for t, f in pairs
    )


@pytest.mark.parametrize(
    "damage, least",
    [(None, 0.97), (blurred, 0.93), (noisy(10), 0.97), (noisy(25), 0.93)],
    ids=["rendered", "blur", "noise 10", "noise 25"],
)
def test_reads_everything(judge, damage, least):
    right = []
    for scene in scenes(FIRST_LIGHT):
        picture = render(scene, 64)
        right.append(is_right(scene, judge.read((damage(picture) if damage else picture)[0])))
    assert np.mean(right) >= least


def test_reads_all_concepts(judge):
    right = [is_right(scene, judge.read(render(scene, 64)[0])) for scene in scenes(WHOLE)]
    assert np.mean(right) >= 0.9


def test_nothing_is_nothing(judge):
    reading = judge.read(render(Scene(Background("plain", "teal")), 64)[0])
    assert (reading.objects, reading.backdrop.first) == ((), "teal")


def test_noise_alone_is_not_recognised(judge):
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    assert not any(found.is_recognised for found in judge.read(picture).objects)


@pytest.mark.parametrize("kind", ["stripes", "checkerboard", "polka dots", "sky and ground",
                                  "vertical gradient", "radial gradient", "grid"])  # fmt: skip
def test_finds_the_background_behind_things(kind):
    dog = SceneObject(concept("dog"), "flat", 0.5, 0.5, 0.6)
    scene = Scene(Background(kind, "navy", "beige"), (dog,))
    found = find_backdrop(render(scene, 64)[0])
    assert (found.kind, found.first, found.second) == (kind, "navy", "beige")


def told(scene: Scene, clip: np.ndarray, judge: Judge) -> bool:
    return moves_as_told(scene, read_clip(judge, clip))


@pytest.mark.parametrize("motion", [*MOTIONS[::3], *MOTIONS[-9:]], ids=str)
def test_names_motions(judge, motion):
    dx, dy = DIRECTIONS.get(motion.direction or "", (0, 0))
    x, y = 0.5 - dx * motion.amount / 2, 0.55 - dy * motion.amount / 2
    thing = SceneObject(concept("hamburger"), "flat", x, y, 0.36, motion)
    scene = Scene(Background("plain", "blue"), (thing,))
    clip = render(scene, 64, 17)
    assert told(scene, clip, judge) and told(scene, noisy(15)(clip), judge)


@pytest.mark.parametrize("camera", CAMERAS)
def test_names_cameras(judge, camera):
    thing = SceneObject(concept("dog"), "flat", 0.5, 0.5, 0.36)
    scene = Scene(Background("polka dots", "navy", "beige"), (thing,), Camera(camera))
    clip = render(scene, 64, 9)
    assert told(scene, clip, judge) and told(scene, noisy(15)(clip), judge)


@pytest.mark.parametrize("camera", ["pan left", "tilt up", "zoom in"])
@pytest.mark.parametrize("amount", [0.5, 0.7])
def test_no_words_say_how_far_a_camera_goes(judge, camera, amount):
    thing = SceneObject(concept("dog"), "flat", 0.5, 0.5, 0.36)
    scene = Scene(Background("polka dots", "navy", "beige"), (thing,), Camera(camera))
    clip = render(replace(scene, camera=Camera(camera, amount)), 64, 9)
    assert told(scene, clip, judge)


@pytest.mark.parametrize("camera", ["pan left", "zoom out"])
def test_a_camera_is_told_by_the_background_as_well(judge, camera):
    """Things that fall apart on the way are another question."""
    thing = SceneObject(concept("dog"), "flat", 0.5, 0.5, 0.36)
    scene = Scene(Background("polka dots", "navy", "beige"), (thing,), Camera(camera))
    clip, bare = render(scene, 64, 9), render(replace(scene, objects=()), 64, 9)
    clip[4:] = bare[4:]
    assert told(scene, clip, judge)
    assert not told(replace(scene, camera=Camera("tilt up")), clip, judge)


@pytest.mark.parametrize(
    "kind, camera, shows",
    [
        ("plain", "zoom in", False),
        ("vertical gradient", "pan left", False),
        ("vertical gradient", "zoom out", True),
        ("stripes", "pan left", True),
        ("stripes", "tilt up", False),
        ("sky and ground", "zoom in", True),
        ("sky and ground", "static", False),
    ],
)
def test_a_camera_shows_before_what_it_moves_along(kind, camera, shows):
    second = None if kind == "plain" else "white"
    assert shows_camera(Scene(Background(kind, "blue", second), camera=Camera(camera))) == shows


def test_what_a_camera_may_have_done_is_read_as_motion(judge):
    thing = SceneObject(concept("dog"), "flat", 0.5, 0.65, 0.36, Motion("slide", "up", 0.3))
    scene = Scene(Background("plain", "pink"), (thing,))
    assert told(scene, render(scene, 64, 9), judge)


@pytest.mark.parametrize("name, colour", [("butterfly", "brown"), ("bicycle", "orange"),
                                          ("badminton racket", "gray")])  # fmt: skip
def test_small_things_of_fine_lines_are_recognised(judge, name, colour):
    thing = SceneObject(concept(name), "flat", 0.5, 0.6, 0.21)
    (found,) = judge.read(render(Scene(Background("plain", colour), (thing,)), 64)[0]).objects
    assert is_it(found, thing)


def test_follows_two_objects_apart(judge):
    things = (
        SceneObject(concept("dog"), "flat", 0.27, 0.5, 0.3, Motion("slide", "up", 0.25)),
        SceneObject(concept("star"), "flat", 0.73, 0.5, 0.3, Motion("swing")),
    )
    scene = Scene(Background("plain", "purple"), things)
    clip = render(scene, 64, 9)
    swapped = (replace(things[0], motion=Motion("swing")), replace(things[1], motion=Motion()))
    assert told(scene, clip, judge)
    assert not told(replace(scene, objects=swapped), clip, judge)


def test_noise_does_not_move(judge):
    clip = np.random.default_rng(0).integers(0, 256, (9, 64, 64, 3)).astype(np.uint8)
    thing = SceneObject(concept("dog"), "flat", 0.5, 0.5, 0.36)
    assert not told(Scene(Background("plain", "gray"), (thing,)), clip, judge)


@pytest.fixture(scope="module")
def versed() -> Judge:
    return Judge(STYLES, TINTS)


def test_reads_five_styles_and_tints(versed):
    named, styled, tinted = [], [], []
    for index in range(36):
        scene = plan("t2i", 11, index, FULL, "held-out").target.scene
        reading = versed.read(render(scene, 64)[0])
        for thing in scene.objects:
            found = found_at(thing, reading)
            named.append(found is not None and is_it(found, thing))
            if found is not None and named[-1]:
                styled.append(versed.has_style(found, thing.style))
                tinted.append(found.tint == thing.tint)
    assert np.mean(named) >= 0.97
    assert np.mean(styled) >= 0.97
    assert np.mean(tinted) >= 0.97


READ = ("compose", "edit", "clip", "clip-edit", "subject", "clone")


@pytest.mark.parametrize("suite", [f"world-{name}" for name in READ])
def test_reads_the_second_vocabulary(suite):
    known = WORLDS["second-light"].vocabulary
    judge, course = Judge(known.styles, known.tints), Course(WORLDS["second-light"], (3,), 64, 9, 9)
    right, seen = [], {}
    for trial in SUITES[suite].ask(course):
        seen[trial.group] = seen.get(trial.group, 0) + 1
        if seen[trial.group] <= 3:
            truth = trial.sample.target
            right += verdict(Case(judge, trial, truth, truth), SUITES[suite].score).judged.values()
    assert np.mean(right) >= 0.97


def test_half_of_a_composed_edit_is_none():
    """Another background alone, or the other edit on the old one."""
    known = WORLDS["second-light"].vocabulary
    judge, course = Judge(known.styles, known.tints), Course(WORLDS["second-light"], (3,), 64, 9, 9)
    for trial in course.draw("edit", Kind("compose", "compose"), 6):
        source, target = trial.sample.source_scene, trial.sample.target_scene
        for half in (
            replace(source, background=target.background),
            replace(target, background=source.background),
        ):
            made = render(half, 64)
            found = verdict(Case(judge, trial, made, made), SUITES["world-edit"].score).judged
            assert set(found.values()) == {0}


def test_a_composed_edit_asks_for_its_edits_alone():
    """What should stay and turns into something else is not kept, which is told beside it."""
    known = WORLDS["second-light"].vocabulary
    judge, course = Judge(known.styles, known.tints), Course(WORLDS["second-light"], (3,), 64, 9, 9)
    for trial in course.draw("edit", Kind("compose", "compose", keep=replaces_one_of_two), 5):
        source, target = trial.sample.source_scene, trial.sample.target_scene
        other = next(k for k in map(concept, ("dog", "star")) if k not in keys(source, target))
        turned = (replace(o, concept=other) if o in source.objects else o for o in target.objects)
        answer = render(replace(target, objects=tuple(turned)), 64)
        found = verdict(Case(judge, trial, answer, trial.sample.target), SUITES["world-edit"].score)
        is_seen = untouched(trial.sample) is not None
        assert found.judged == {"done": 1, "done and kept": int(not is_seen)}


def replaces_one_of_two(plan) -> bool:
    before, after = plan.source.objects, plan.target.scene.objects
    new = [thing for thing in after if thing not in before]
    return len(before) == len(after) == 2 and len(new) == 1 and new[0].tint is None


def keys(*scenes) -> set[str]:
    return {thing.concept for scene in scenes for thing in scene.objects}


@pytest.mark.parametrize("task", ["t2v", "i2v", "motion_clone", "camera_clone"])
def test_names_the_motions_of_the_full_world(versed, task):
    course = Course(WORLDS["full"], (5,), 64, 17, 17)
    trials = course.draw("clip", Kind("clip", task, keep=can_be_told), 8)
    scenes = [(trial.sample.target_scene, trial.sample.target) for trial in trials]
    assert np.mean([told(scene, clip, versed) for scene, clip in scenes]) >= 0.97


def test_what_is_not_said_of_a_place_is_not_asked():
    """Relations as relations, parts of the frame as such."""
    known = WORLDS["second-light"].vocabulary
    judge, course = Judge(known.styles, known.tints), Course(WORLDS["second-light"], (0,), 64, 9, 9)
    trials = [t for t in SUITES["world-compose"].ask(course) if t.group == "position"]
    trial = next(
        t for t in trials if "to the left of" in t.sample.prompt and len(t.sample.prompt) < 90
    )
    first, second = trial.sample.target_scene.objects
    for y, right in ((0.3, 1), (0.7, 1)):
        nearer = replace(trial.sample.target_scene, objects=(replace(first, y=y), second))
        assert placed(judge, trial, nearer) == right
    swapped = (replace(first, x=second.x), replace(second, x=first.x))
    assert placed(judge, trial, replace(trial.sample.target_scene, objects=swapped)) == 0


def placed(judge, trial, scene) -> float:
    case = Case(judge, trial, render(scene, 64), trial.sample.target)
    return verdict(case, SUITES["world-compose"].score).judged["correct"]


def test_every_object_of_a_reference_counts():
    known = WORLDS["second-light"].vocabulary
    judge, course = Judge(known.styles, known.tints), Course(WORLDS["second-light"], (0,), 64, 9, 9)
    asked = [t for t in SUITES["world-subject"].ask(course) if t.group == "unseen"]
    trial = next(t for t in asked if len(t.sample.references) == 2 and not t.is_clip)
    scene = trial.sample.target_scene
    one = render(replace(scene, objects=scene.objects[:1]), 64)
    found = verdict(Case(judge, trial, one, trial.sample.target), SUITES["world-subject"].score)
    assert found.judged["nearest of 47 held-out"] == 0.5 and found.judged["recognised"] == 0


def test_order_is_asked_where_it_was_told():
    known = WORLDS["second-light"].vocabulary
    judge, course = Judge(known.styles, known.tints), Course(WORLDS["second-light"], (0,), 64, 9, 9)
    asked = [t for t in SUITES["world-subject"].ask(course) if len(t.sample.references) == 2]
    for trial in [t for t in asked if t.group == "in order"][:3] + untold(asked)[:3]:
        one, other = trial.sample.target_scene.objects
        turned = replace(one, concept=other.concept), replace(other, concept=one.concept)
        answer = render(replace(trial.sample.target_scene, objects=turned), 64)
        found = verdict(Case(judge, trial, answer, answer), SUITES["world-subject"].score).judged
        assert found.get("not swapped") == (0 if trial.group == "in order" else None)


def untold(trials) -> list:
    """Those that say nothing of where the objects of references go."""
    background = lambda t: t.sample.target_scene.background  # noqa: E731
    told = lambda t: says_where(t.sample.prompt, background(t), RELATIONS)  # noqa: E731
    return [t for t in trials if t.group == "known" and not t.is_clip and not told(t)]


def test_a_copy_is_not_moved(versed):
    course = Course(WORLDS["second-light"], (0,), 64, 9, 9, quick=True)
    (trial,) = (t for t in SUITES["world-edit"].ask(course) if t.group == "move")
    source, target = trial.sample.source_scene, trial.sample.target_scene
    (moved,) = (o for o in target.objects if o not in source.objects)
    copied = render(replace(source, objects=(*source.objects, moved)))
    for answer, done in ((trial.sample.target, 1), (copied, 0)):
        case = Case(versed, trial, answer, trial.sample.target)
        assert verdict(case, SUITES["world-edit"].score).judged["done"] == done
