"""The VLM side against recorded cases: text, ids, pixels, positions, states, connectors."""

import pytest
import torch

from tests.parity import golden
from vino.model.vlm import PromptStates, Tokens
from vino.prompt import SYSTEM_TEXT, Chat

TOLERANCE = 1e-4
CASES = golden.names("B_[0-9]_*")


def chat(name: str) -> Chat:
    case, stored = golden.case(name), golden.tensors(name)
    images = [golden.picture(stored[f"image_{i}"]) for i in range(len(case["ref_image_paths"]))]
    videos = [golden.clip(case["video_file"])] if case["video_file"] else []
    return Chat(SYSTEM_TEXT, case["prompt"] or "", tuple(images), tuple(videos))


def read(name: str) -> tuple[Tokens, PromptStates]:
    tokens = golden.vlm().tokenize(chat(name), golden.conditioner().config.queries)
    return tokens, golden.vlm().read([tokens])[0]


@pytest.mark.parametrize("name", CASES)
def test_text_ids_and_places(name):
    case, stored = golden.case(name), golden.tensors(name)
    assert str(chat(name)) == case["chat_text_before_processor"]
    tokens, states = read(name)
    assert torch.equal(tokens.ids, stored["input_ids"][0])
    assert [start for start, _ in states.boundaries] == case["pos_vs"][0]
    ends = [end for _, end in states.boundaries]
    assert ends == case["pos_ve"][0][: len(ends)]  # the published list repeats its last place


@pytest.mark.parametrize("name", CASES)
def test_pixels_and_positions(name):
    stored = golden.tensors(name)
    tokens, states = read(name)
    for key, media in (("pixel_values", tokens.images), ("pixel_values_videos", tokens.videos)):
        if key in stored:
            assert golden.distance(torch.cat([m.patches for m in media]), stored[key]) < 1e-6
    _, positions, _, _ = golden.vlm()._inputs([tokens], golden.vlm().look([tokens]))
    prompt = stored["position_ids"][:, :, : len(tokens.ids)]
    assert torch.equal(positions, prompt)
    queries = stored["position_ids"][:, 0, len(tokens.ids) :]
    assert torch.equal(queries, states.position + torch.arange(queries.shape[1]).expand(3, -1))


@pytest.mark.parametrize("name", CASES)
@torch.no_grad()
def test_states_and_connectors(name):
    stored = golden.tensors(name)
    _, states = read(name)
    asked = golden.vlm().ask(golden.conditioner().queries, [states])[0]
    hidden = torch.cat((states.hidden, asked))
    assert golden.distance(hidden, stored["hidden_states_minus2"][0]) < TOLERANCE
    context = golden.conditioner()(golden.vlm(), [states])
    assert golden.distance(context.context, stored["embed_vlm_branch"][0]) < TOLERANCE
    every = golden.conditioner().boundary_connector(hidden)
    assert golden.distance(every, stored["embed_vae_branch"][0]) < TOLERANCE
    places = [i for pair in states.boundaries for i in pair]
    assert len(context.boundaries) == len(places)
    if places:
        boundaries = stored["embed_vae_branch"][0][places]
        assert golden.distance(context.boundaries, boundaries) < TOLERANCE
