"""The cache: found again by content, never across models, bounded, whole after a crash."""

import logging
from dataclasses import replace

import pytest
import torch

from tests.data.making import clip, picture
from vino.data.cache import (
    TensorCache,
    latents_key,
    pack_states,
    states_key,
    unpack_states,
)
from vino.errors import InputError
from vino.media import Frames
from vino.model.vlm import PromptStates
from vino.prompt import Chat, Image, Prompt, Video

MODEL = "ab12"


def values(seed: int, size: int = 100) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return {"z": torch.randn(size), "half": torch.randn(2, 3).bfloat16()}


def test_kept_and_found_again(tmp_path):
    with TensorCache(tmp_path, MODEL) as cache:
        for i in range(5):
            cache.put(f"k{i}", values(i))
        assert torch.equal(cache.get("k3")["z"], values(3)["z"])  # not written yet
        assert cache.get("k9") is None
    again = TensorCache(tmp_path, MODEL)
    assert len(again) == 5 and "k4" in again
    for i in range(5):
        found = again.get(f"k{i}")
        assert found.keys() == {"z", "half"} and found["half"].dtype == torch.bfloat16
        assert all(torch.equal(found[n], t) for n, t in values(i).items())
    assert TensorCache(tmp_path, "cd34").get("k3") is None
    assert len(list((tmp_path / MODEL).iterdir())) == 1


def test_bounded_size(tmp_path):
    cache = TensorCache(tmp_path, MODEL, most_bytes=40_000, shard_bytes=8_000)
    for i in range(60):
        cache.put(f"k{i}", values(i, 500))
        assert sum(f.stat().st_size for f in (tmp_path / MODEL).iterdir()) <= 40_000 + 8_000
    cache.flush()
    assert cache.get("k59") is not None and cache.get("k0") is None
    assert 8 <= len(cache) <= 20
    assert len(TensorCache(tmp_path, MODEL)) == len(cache)


def test_another_process_made_room(tmp_path):
    with TensorCache(tmp_path, MODEL) as cache:
        cache.put("k", values(0))
    for shard in (tmp_path / MODEL).iterdir():
        shard.unlink()
    assert cache.get("k") is None and "k" not in cache
    cache.put("k", values(0))
    assert cache.get("k") is not None


def test_damaged_shards_are_dropped(tmp_path, caplog):
    with TensorCache(tmp_path, MODEL) as cache:
        cache.put("k", values(0))
    shard = next((tmp_path / MODEL).iterdir())
    shard.write_bytes(shard.read_bytes()[:40])
    with caplog.at_level(logging.WARNING, "vino.data"):
        assert len(TensorCache(tmp_path, MODEL)) == 0
    assert shard.name in caplog.text and not shard.exists()


def test_keys_are_contents():
    assert latents_key(picture()) == latents_key(Frames(picture().pixels.copy()))
    assert latents_key(picture()) != latents_key(picture(level=1))
    chats = [
        Prompt("a").chat,
        Prompt("b").chat,
        Prompt("a").chat.rewriting,
        Prompt(Image(picture()), "a").chat,
        Prompt(Image(picture(level=1)), "a").chat,
        Prompt(Video(clip(5)), "a").chat,
        Prompt(Video(replace(clip(5), fps=12.0)), "a").chat,
        Chat("ab", "c"),
        Chat("a", "bc"),
        Chat("a", "b", images=(picture(),)),
        Chat("a", "b", videos=(picture(),)),
    ]
    assert len({states_key(c) for c in chats}) == len(chats)
    assert states_key(Prompt(Image(picture()), "a").chat) == states_key(chats[3])


@pytest.mark.parametrize("boundaries", [(), ((1, 4), (6, 9))])
def test_states_survive(tmp_path, boundaries):
    layers = tuple((torch.randn(2, 5, 4), torch.randn(2, 5, 4)) for _ in range(3))
    states = PromptStates(torch.randn(5, 8), layers, 17, boundaries)
    with TensorCache(tmp_path, MODEL) as cache:
        cache.put("s", pack_states(states))
    found = unpack_states(TensorCache(tmp_path, MODEL).get("s"))
    assert torch.equal(found.hidden, states.hidden)
    assert (found.position, found.boundaries) == (17, boundaries)
    assert all(
        torch.equal(a, b)
        for x, y in zip(found.cache, layers, strict=True)
        for a, b in zip(x, y, strict=True)
    )


def test_what_cannot_be(tmp_path):
    with pytest.raises(InputError, match="no hash"):
        TensorCache(tmp_path, "../up")
    with pytest.raises(InputError, match="no slash"):
        TensorCache(tmp_path, MODEL).put("a/b", values(0))
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        TensorCache(tmp_path / "file", MODEL)
