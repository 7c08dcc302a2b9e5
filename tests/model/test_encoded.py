"""Found by content, bounded, exact, and never encoded twice."""

import numpy as np
import pytest
import torch

from tests import tiny
from tests.test_generate import CLIP, DEFAULTS, PICTURE, noise
from vino.generate import Model
from vino.media import Frames
from vino.model.encoded import Encoded


def tensor(*values: float) -> tuple[torch.Tensor]:
    return (torch.tensor(values),)


def test_the_least_recently_used_are_dropped():
    encoded = Encoded(most_bytes=8)
    made = []

    def get(key: str, *values: float) -> list[float]:
        return encoded.get(key, lambda: made.append(key) or tensor(*values))[0].tolist()

    assert get("a", 1.0) == get("a", 1.0) == [1.0]
    get("b", 2.0)
    get("a", 1.0)  # b is older now
    get("c", 3.0)
    assert encoded.nbytes == 8 and made == ["a", "b", "c"]
    get("a", 1.0)
    get("b", 2.0)
    assert made == ["a", "b", "c", "b"]
    assert get("large", 1.0, 2.0, 3.0) == get("large", 1.0, 2.0, 3.0)
    assert made[-2:] == ["large", "large"] and encoded.nbytes == 8
    assert (encoded.hits, encoded.misses) == (3, 6)


def test_a_view_holds_no_more_than_is_counted():
    encoded = Encoded(most_bytes=100)
    whole = torch.arange(1000.0)
    encoded.get("a", lambda: (whole[:4],))
    (kept,) = encoded.get("a", lambda: tensor(0.0))
    assert kept.untyped_storage().nbytes() == encoded.nbytes == 16


def counted(model: Model, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often each encoder runs from now on."""
    calls = {"vae": 0, "vision": 0}
    owners = (("vae", model.vino.vae, "encode"), ("vision", model.vino.vlm, "_see"))

    for name, owner, method in owners:
        inner = getattr(owner, method)

        def count(*args, name=name, inner=inner):
            calls[name] += 1
            return inner(*args)

        monkeypatch.setattr(owner, method, count)
    return calls


@pytest.mark.filterwarnings("ignore::vino.prompt.PromptWarning")
@pytest.mark.parametrize("medium", [PICTURE, CLIP], ids=["picture", "clip"])
def test_turns_are_the_same_to_the_bit_and_encode_once(medium, monkeypatch):
    """Image guidance and several lengths of text: all branches see one set of features."""
    vino = tiny.vino()
    plain = Model(vino, DEFAULTS, {}, Encoded(0))
    model = Model(vino, DEFAULTS, {})
    hat = noise(16, 16, 3)
    turns = ["remove it", "remove it, and put the object in Image 1 there instead"]
    wanted = [plain.edit(medium, words, references=[hat], image_guidance=2.0) for words in turns]
    calls = counted(model, monkeypatch)
    made = [model.edit(medium, words, references=[hat], image_guidance=2.0) for words in turns]
    for ours, theirs in zip(made, wanted, strict=True):
        assert np.array_equal(ours.pixels, theirs.pixels)
    assert calls == {"vae": 2, "vision": 2}
    copied = Frames(medium.pixels.copy(), 12.0) if isinstance(medium, Frames) else medium.copy()
    model.edit(copied, "it is another object with the same pixels")
    assert calls == {"vae": 2, "vision": 2}
    plain.edit(medium, turns[0], references=[hat])
    assert calls == {"vae": 4, "vision": 4}  # nothing is kept: the count itself works
