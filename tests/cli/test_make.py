"""generate, edit, animate and rewrite: files, names, what is printed, recipes."""

import json

import pytest

from vino.media import Frames, read_clip, read_picture, read_recipe

PROMPT = "a red apple on a plain green background"


def test_a_picture_from_text(vino, tmp_path):
    said = vino("generate", PROMPT, "-o", "made/deep/a.png")
    assert (said.code, said.out, said.err) == (0, "made/deep/a.png\n", "")
    assert read_picture(tmp_path / "made/deep/a.png").size.width == 32
    assert read_recipe("made/deep/a.png")["prompt"] == [{"kind": "text", "text": PROMPT}]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.mp4"])
def test_every_ending_holds_what_was_made(vino, name):
    frames = [] if name.endswith((".png", ".jpg", ".mp4")) else ["--frames", 5]
    assert vino("generate", PROMPT, *frames, "-o", name).code == 0
    assert read_recipe(name)["seed"] == 0
    if frames or name == "a.mp4":
        assert read_clip(name).size.frames == 5  # .mp4 alone: the model's clip length


def test_names_count_up_and_nothing_is_replaced_unasked(vino):
    assert vino("generate", PROMPT).out == "vino-0.png\n"
    assert vino("generate", PROMPT).out == "vino-0-2.png\n"
    assert vino("generate", PROMPT, "--seed", 7, "--n", 2).out == "vino-7.png\nvino-8.png\n"
    assert vino("generate", PROMPT, "--n", 2, "-o", "x.png").out == "x-0.png\nx-1.png\n"
    assert vino("generate", PROMPT, "-o", "new/").out == "new/vino-0.png\n"


def test_a_named_file_is_replaced(vino):
    vino("generate", PROMPT, "-o", "a.png")
    before = read_picture("a.png").pixels
    assert vino("generate", PROMPT, "-o", "a.png", "--seed", 1).code == 0
    assert (read_picture("a.png").pixels != before).any()


def test_settings_reach_the_sampler(vino):
    vino("generate", PROMPT, "-o", "a.png", "--steps", 1, "--guidance", 3, "--image-guidance", 1.5,
         "--shift", 2, "--solver", "heun", "--negative", "blur", "--size", "40x24")  # fmt: skip
    recipe = read_recipe("a.png")
    assert recipe["size"] == [40, 24]
    assert recipe["sampling"] == {
        "steps": 1, "guidance": 3.0, "image_guidance": 1.5, "per_reference": [], "shift": 2.0,
        "solver": "heun", "negative": "blur",
    }  # fmt: skip
    assert read_picture("a.png").size.width == 40


def test_seeds_of_n_are_those_made_alone(vino):
    vino("generate", PROMPT, "--n", 2, "-o", "x.png")
    vino("generate", PROMPT, "--seed", 1, "-o", "alone.png")
    assert (read_picture("x-1.png").pixels == read_picture("alone.png").pixels).all()


def test_json(vino, picture):
    said = vino("edit", picture, "make it blue", "--json", "-o", "b.png", "--n", 2)
    told = json.loads(said.out)
    assert told["paths"] == ["b-0.png", "b-1.png"]
    assert told["seeds"] == [0, 1]
    assert told["size"] == [told["recipe"]["size"] or read_picture("b-0.png").size.width,
                            read_picture("b-0.png").size.height]  # fmt: skip
    assert told["frames"] == 1 and told["seconds"] > 0
    assert told["worked_at"] == told["recipe"]["worked_at"]


def test_references_beside_the_prompt(vino, picture, clip):
    prompt = "Image 1 beside Video 1"
    said = vino("generate", prompt, "--ref", picture, "--ref", clip, "-o", "a.png")
    assert (said.code, said.err) == (0, "")
    kinds = [segment["kind"] for segment in read_recipe("a.png")["prompt"]]
    assert kinds == ["image", "video", "text"]


def test_an_unnamed_reference_is_one_warning(vino, picture, clip):
    said = vino("generate", "Image 1 moves", "--ref", picture, clip, "--n", 2, "-o", "a.png")
    assert said.code == 0
    assert said.err.count("\n") == 1
    assert said.err.startswith("vino: warning: Video 1 is never named")


def test_edits_say_at_what_size_they_worked(vino, picture):
    said = vino("edit", picture, "make it blue", "-o", "b.png")
    size = read_picture("b.png").size
    assert said.err.startswith("vino: worked at ")
    assert f"the result is {size.width}x{size.height}" in said.err
    assert abs(size.width / size.height - 48 / 32) < 0.1
    assert vino("edit", picture, "make it blue", "-o", "b.png", "-q").err == ""


def test_edited_clips_keep_length_and_rate(vino, clip):
    assert vino("edit", clip, "make it red", "-o", "b.mp4").code == 0
    made = read_clip("b.mp4")
    assert made.size.frames == 9
    assert made.fps == pytest.approx(10.0)
    assert vino("edit", clip, "make it red").out == "vino-0.mp4\n"


def test_animate(vino, picture):
    assert vino("animate", picture, "it slides", "-o", "c.gif").code == 0
    assert read_clip("c.gif").size.frames == 5
    said = vino("animate", picture, "it slides", "--frames", 7)
    assert said.out == "vino-0.mp4\n"
    assert "made 5 frames, not 7" in said.err


def test_rewrite(vino, picture):
    said = vino("rewrite", "the object in Image 1", "--ref", picture, "--json")
    assert said.code == 0
    assert json.loads(said.out)["prompt"] == "the object in Image 1"
    assert vino("rewrite", "a dog").out.endswith("\n")


def test_previews_come_and_go(vino, tmp_path, monkeypatch):
    seen = []
    save = Frames.save

    def spy(frames, path, **options):
        seen.append(str(path))
        return save(frames, path, **options)

    monkeypatch.setattr(Frames, "save", spy)
    said = vino("generate", PROMPT, "--steps", 4, "--preview", "-o", "a.png")
    assert said.err == "vino: preview in a.preview.png\n"
    assert seen == ["a.preview.png"] * 3 + ["a.png"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png"]


def test_progress_with_time_left(vino):
    assert "step" in vino("generate", PROMPT, "-v", "-o", "a.png").err
    assert vino("generate", PROMPT, "-o", "a.png").err == ""  # not a terminal
