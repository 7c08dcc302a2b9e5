"""`make demo` with the random model: every file, the contact sheet, what is printed."""

import sys
from pathlib import Path

from PIL import Image

import vino as package
from vino.media import read_clip, read_picture, read_recipe

sys.path.insert(0, str(Path(__file__).parents[2] / "recipes"))
import demo


def test_the_demo(random_model, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(package, "load", lambda *_: random_model, raising=False)
    monkeypatch.setattr(sys, "argv", ["demo.py", "--out", str(tmp_path / "out")])
    demo.main()
    out = tmp_path / "out"
    names = sorted(p.name for p in out.iterdir())
    assert names == ["1-picture.png", "2-edited.png", "3-animated.mp4", "4-object.png",
                     "5-new-scene.png", "6-new-clip.mp4", "demo.png"]  # fmt: skip
    assert read_clip(out / "3-animated.mp4").size.frames == 17
    assert read_picture(out / "2-edited.png").size == read_picture(out / "1-picture.png").size
    reference = read_recipe(out / "5-new-scene.png")["prompt"][1]
    assert (reference["kind"], reference["name"]) == ("image", "4-object.png")
    printed = capsys.readouterr().out
    assert all(name in printed for name in names) and "s of generation" in printed
    with Image.open(out / "demo.png") as sheet:
        assert min(sheet.size) > 400
