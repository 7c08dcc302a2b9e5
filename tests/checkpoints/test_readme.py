"""The model card, as a model hub's own library reads it."""

import pytest
from huggingface_hub import ModelCard

from tests import tiny
from vino.checkpoints import Card, Checkpoint, write_native
from vino.checkpoints.upstream import HUNYUAN_LICENCE


def card(folder, licence: str) -> ModelCard:
    written = write_native(folder, Checkpoint.of(tiny.vino(), Card(licence=licence)))
    return ModelCard.load(written / "README.md")


def test_a_hub_finds_the_model(tmp_path):
    data = card(tmp_path / "made", "Apache-2.0").data
    assert (data.license, data.library_name) == ("apache-2.0", "vino")
    assert data.pipeline_tag == "text-to-video"
    assert {"vino", "image-to-image", "video-to-video"} <= set(data.tags)


@pytest.mark.parametrize(
    ("licence", "told"),
    [
        ("CC BY-NC 4.0", {"license": "cc-by-nc-4.0"}),
        (
            HUNYUAN_LICENCE,
            {"license": "other", "license_name": "tencent-hunyuan-community-license"},
        ),
        ("", {"license": "unknown"}),
        ('Our: "own"\nterms', {"license": "other", "license_name": "our-own-terms"}),
    ],
)
def test_licences_as_hubs_spell_them(tmp_path, licence, told):
    data = card(tmp_path / "made", licence).data.to_dict()
    assert told.items() <= data.items()
    assert ("license_link" in data) == (licence == HUNYUAN_LICENCE)


def test_a_base_for_training_is_not_listed_as_a_generator(tmp_path):
    vino = tiny.vino()
    base = Checkpoint("base", vino.mmdit, vae=vino.vae, vlm=vino.vlm, card=Card())
    data = ModelCard.load(write_native(tmp_path / "base", base) / "README.md").data
    assert data.pipeline_tag is None and data.tags == ["vino"]
