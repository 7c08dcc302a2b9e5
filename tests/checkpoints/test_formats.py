"""Every format is read to the same model as its makers' own classes hold, and bases are refused."""

import inspect
import textwrap

import pytest
import torch
from diffusers.loaders import single_file_utils
from safetensors.torch import load_file, save_file
from transformers import Qwen3VLForConditionalGeneration

from tests.checkpoints import upstream
from vino import checkpoints
from vino.checkpoints import Checkpoint
from vino.checkpoints.keys import CLIP_BRANCH, DIFFUSERS, renamed
from vino.checkpoints.original import CLIP_BRANCH as ORIGINAL_CLIP_BRANCH
from vino.checkpoints.published import conditioner_name
from vino.errors import CheckpointError


def same_transformer(checkpoint: Checkpoint, state: dict[str, torch.Tensor]) -> None:
    """Every tensor of a diffusers state dict, but for the unused branch, is in the model."""
    ours = {renamed(n, DIFFUSERS): t for n, t in checkpoint.mmdit.state_dict().items()}
    assert set(ours) == {n for n in state if not n.startswith(CLIP_BRANCH)}
    assert all(torch.equal(ours[n], state[n]) for n in ours)


def same(ours: torch.nn.Module, theirs: torch.nn.Module) -> None:
    a, b = ours.state_dict(), theirs.state_dict()
    assert set(a) == set(b) and all(torch.equal(a[n], b[n]) for n in a)


# ---- diffusers -------------------------------------------------------------------------------


def test_a_hunyuan_folder_is_a_base(hunyuan_folder, qwen_folder):
    base = checkpoints.read(hunyuan_folder, vlm=qwen_folder)
    same_transformer(base, upstream.transformer().state_dict())
    same(base.vae.model, upstream.autoencoder())
    assert base.vae.scaling_factor == 0.5
    assert base.mmdit.config.mlp_ratio == 3
    with pytest.raises(CheckpointError, match="no connectors and no queries") as error:
        checkpoints.load(hunyuan_folder, vlm=qwen_folder)
    assert "base for training" in str(error.value)


def test_a_base_is_refused_before_it_is_read(hunyuan_folder, tmp_path):
    config = tmp_path / "transformer" / "config.json"
    config.parent.mkdir()
    config.write_text((hunyuan_folder / "transformer" / "config.json").read_text())
    with pytest.raises(CheckpointError, match="base for training"):
        checkpoints.load(tmp_path)  # there are no weights at all
    base = checkpoints.write_native(tmp_path / "m", checkpoints.read(hunyuan_folder))
    (base / "transformer.safetensors").unlink()
    with pytest.raises(CheckpointError, match="base for training"):
        checkpoints.load(base)


def test_training_starts_from_a_base(hunyuan_folder, qwen_folder):
    torch.manual_seed(0)
    vino = checkpoints.read(hunyuan_folder, vlm=qwen_folder).start(queries=4)
    assert vino.conditioner.queries.shape == (4, upstream.VLM_WIDTH)
    assert vino.conditioner.queries.requires_grad
    with pytest.raises(CheckpointError, match=r"vision-language model \(vlm\)"):
        checkpoints.read(hunyuan_folder).start()


def test_the_transformers_folder_alone_and_in_shards(tmp_path):
    model = upstream.transformer(guidance_embeds=False)
    model.save_pretrained(tmp_path, max_shard_size="200KB")
    assert (tmp_path / "diffusion_pytorch_model.safetensors.index.json").exists()
    read = checkpoints.read(tmp_path)
    same_transformer(read, model.state_dict())
    assert not read.mmdit.config.guidance_embed and read.vae is None


@pytest.mark.parametrize("changed", [
    {"qk_norm": "layer_norm"}, {"image_condition_type": "latent_concat"}, {"in_channels": 33},
    {"surprise": 1}, {"num_layers": -1}, {"num_layers": 2.5}, {"rope_axes_dim": [2, 14, 14]},
    {"mlp_ratio": 3.5}, {"attention_head_dim": "16"}, {"num_attention_heads": 10**9},
])  # fmt: skip
def test_other_variants_are_refused(hunyuan_folder, tmp_path, changed):
    config = checkpoints.store.read_json(hunyuan_folder / "transformer" / "config.json")
    folder = tmp_path / "transformer"
    folder.mkdir()
    checkpoints.save.save_json(folder / "config.json", config | changed)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        checkpoints.read(tmp_path)


def test_missing_and_extra_tensors_of_a_folder(tmp_path):
    upstream.transformer().save_pretrained(tmp_path)
    file = tmp_path / "diffusion_pytorch_model.safetensors"
    state = load_file(file)
    state["surprise"] = state.pop("proj_out.bias")
    save_file(state, file)
    with pytest.raises(CheckpointError, match=r"missing: 1 \(proj_out.bias\); unexpected: 1 \(sur"):
        checkpoints.read(tmp_path)


# ---- published -------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["mm_encoder.mm_encoder.", "mm_encoder.", None])
def test_published(tmp_path, hunyuan_folder, qwen_folder, prefix):
    file = tmp_path / "vino.ckpt"
    state = upstream.published(prefix)
    torch.save(state, file)
    read = checkpoints.read(file, vlm=qwen_folder, vae=hunyuan_folder)
    same_transformer(read, upstream.transformer().state_dict())
    for name, tensor in read.conditioner.state_dict().items():
        assert torch.equal(tensor, state[conditioner_name(name)])
    same(read.vlm.model, Qwen3VLForConditionalGeneration.from_pretrained(qwen_folder))
    vino = read.vino()
    assert vino.mmdit.config.context_dim == vino.conditioner.config.context_dim == upstream.CONTEXT
    embedding = vino.vlm.model.get_input_embeddings().weight
    assert vino.vlm.model.lm_head.weight is embedding  # tied again after filling
    assert not any(p.is_meta for p in vino.parameters())
    assert read.card.licence == "CC BY-NC 4.0"


def test_the_checkpoints_own_vlm_is_taken(tmp_path, hunyuan_folder, qwen_folder):
    state = upstream.published()
    name = "mm_encoder.mm_encoder.model.language_model.norm.weight"
    state[name] = state[name] + 1
    torch.save(state, tmp_path / "vino.ckpt")
    vino = checkpoints.load(tmp_path / "vino.ckpt", vlm=qwen_folder, vae=hunyuan_folder)
    assert torch.equal(vino.vlm.model.model.language_model.norm.weight, state[name])


@pytest.mark.parametrize(("lost", "said"), [
    ("transformer.proj_out.bias", "missing: 1 "),
    ("mm_encoder.metaquery", "metaquery is missing"),
    ("mm_encoder.connector.mlp.2.weight", "missing: 1 "),
    ("mm_encoder.mm_encoder.model.visual.pos_embed.weight", "missing: 1 "),
    ("transformer.x_embedder.proj.weight", "x_embedder.proj.weight is missing"),
])  # fmt: skip
def test_published_is_read_strictly(tmp_path, qwen_folder, lost, said):
    state = upstream.published()
    del state[lost]
    torch.save(state, tmp_path / "vino.ckpt")
    with pytest.raises(CheckpointError, match=said) as error:
        checkpoints.read(tmp_path / "vino.ckpt", vlm=qwen_folder)
    assert lost in str(error.value)


def test_published_needs_its_companions(published_file, qwen_folder):
    with pytest.raises(CheckpointError, match=r"Qwen3-VL-4B-Instruct \(vlm\)"):
        checkpoints.load(published_file)
    with pytest.raises(CheckpointError, match=r"autoencoder.*\(vae\)"):
        checkpoints.load(published_file, vlm=qwen_folder)


def test_parts_of_different_models(published_file, qwen_folder, tmp_path):
    other = upstream.AutoencoderKLHunyuanVideo(**{**upstream.VAE, "latent_channels": 8})
    other.save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match="parts of different models"):
        checkpoints.load(published_file, vlm=qwen_folder, vae=tmp_path)


# ---- original --------------------------------------------------------------------------------


def diffusers_converter(width: int):
    """diffusers' single-file converter, for models of another width than the one it is made for."""
    source = inspect.getsource(
        single_file_utils.convert_hunyuan_video_transformer_to_diffusers
    ).replace("hidden_size = 3072", f"hidden_size = {width}")
    assert str(width) in source
    scope = {"torch": torch}
    exec(textwrap.dedent(source), scope)
    return scope["convert_hunyuan_video_transformer_to_diffusers"]


@pytest.mark.parametrize("wrapped", [False, True])
def test_original_equals_diffusers_converter(tmp_path, wrapped):
    model = upstream.transformer()
    stored = upstream.original(model.state_dict())
    torch.save({"module": stored} if wrapped else stored, tmp_path / "states.pt")
    read = checkpoints.read(tmp_path / "states.pt")
    converted = diffusers_converter(upstream.WIDTH)(dict(stored))
    same_transformer(read, converted)
    same_transformer(read, model.state_dict())
    assert "base for training" in read.refusal


def test_original_at_full_width_equals_the_converter_as_it_is(tmp_path):
    """The converter untouched, at the width it knows; inputs are narrow to keep it small."""
    width, names = 3072, ["linear1.weight", "linear1.bias"]
    shapes = {"linear1.weight": (7 * width, 2), "linear1.bias": (7 * width,)}
    stored = {f"single_blocks.0.{n}": torch.randn(shapes[n]) for n in names}
    stored["final_layer.adaLN_modulation.1.weight"] = torch.randn(2 * width, 2)
    stored["double_blocks.0.txt_attn_qkv.bias"] = torch.randn(3 * width)
    convert = single_file_utils.convert_hunyuan_video_transformer_to_diffusers
    theirs = convert({n: t.clone() for n, t in stored.items()})
    rows = checkpoints.original._rows
    for module, leaf, there in (
        *((f"single_blocks.{{}}.{m}", leaf, "single_blocks.0.linear1")
          for m in ("qkv.q", "qkv.k", "qkv.v", "mlp_up") for leaf in ("weight", "bias")),
        ("final_modulation", "weight", "final_layer.adaLN_modulation.1"),
        *((f"dual_blocks.{{}}.context.qkv.{m}", "bias", "double_blocks.0.txt_attn_qkv")
          for m in "qkv"),
    ):  # fmt: skip
        ranges = rows(f"{module}.{leaf}", width, 4 * width)
        mine = torch.cat([stored[f"{there}.{leaf}"][a:b] for a, b in ranges])
        name = renamed(f"{module}.{leaf}".replace("{}", "0"), DIFFUSERS)
        assert torch.equal(mine, theirs[name]), module


def test_original_is_read_strictly(tmp_path):
    stored = upstream.original(upstream.transformer().state_dict())
    assert any(name.startswith(ORIGINAL_CLIP_BRANCH) for name in stored)
    stored["single_blocks.0.linear1.weight"] = stored["single_blocks.0.linear1.weight"][:-1]
    stored["single_blocks.0.extra"] = stored.pop("img_in.proj.bias")
    torch.save(stored, tmp_path / "states.pt")
    with pytest.raises(CheckpointError) as error:
        checkpoints.read(tmp_path / "states.pt")
    message = str(error.value)
    assert "missing: 1 (img_in.proj.bias)" in message
    assert "unexpected: 1 (single_blocks.0.extra)" in message
    assert "of another shape: 1 (single_blocks.0.linear1.weight" in message


# ---- all of them -----------------------------------------------------------------------------


def test_reading_the_sizes_alone(published_file, hunyuan_folder, qwen_folder):
    read = checkpoints.read(published_file, vlm=qwen_folder, vae=hunyuan_folder, device="meta")
    assert all(t.is_meta for t in read.vino().state_dict().values())
    assert not read.refusal


# ---- telling them apart ----------------------------------------------------------------------


def test_formats_are_told_apart(tmp_path, hunyuan_folder, published_file, qwen_folder):
    assert checkpoints.detect(hunyuan_folder) == "diffusers"
    assert checkpoints.detect(hunyuan_folder / "transformer") == "diffusers"
    assert checkpoints.detect(published_file) == "published"
    for folder, said in ((tmp_path, "not a model folder"), (qwen_folder, "qwen3_vl"),
                         (hunyuan_folder / "vae", "AutoencoderKL")):  # fmt: skip
        with pytest.raises(CheckpointError, match=said):
            checkpoints.detect(folder)
