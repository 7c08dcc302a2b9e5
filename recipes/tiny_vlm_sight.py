"""First lessons of the tiny vision-language model: see which concept is where.

Before it learns to speak, the vision tower learns on its own to name what each visual token
shows. Labels come from the scene description, so every token of every picture teaches; the two
linear heads used here are thrown away. Five minutes on one core replace hours in which a decoder
would have to find out about pictures through captions alone.
"""

from dataclasses import dataclass

import numpy as np
import torch
from einops import rearrange, reduce
from tiny_vlm_model import MERGE, PATCH, TEMPORAL_PATCH
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedTokenizerBase, Qwen3VLForConditionalGeneration
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLVisionModel

from vino.data.world.backgrounds import KINDS
from vino.data.world.render import render
from vino.data.world.scene import Background, Scene, SceneObject
from vino.data.world.vocabulary import COLOURS, FIRST_LIGHT, TRAINING_CONCEPTS, name_of

COLOUR_NAMES = tuple(COLOURS)
NOTHING = len(TRAINING_CONCEPTS)  # the label of a token that shows background alone
UNSURE = -100  # a token on the rim of an object teaches nothing
SURE_INSIDE, SURE_OUTSIDE = 0.36, 0.62  # distances from an object's middle, in its sizes
SPOTS = ((0.5, 0.5), (0.27, 0.3), (0.73, 0.3), (0.27, 0.7), (0.73, 0.7))


@dataclass(frozen=True)
class Sight:
    """A batch of pictures and what their visual tokens show.

    patches: (N · patches) 384, ready for the vision tower
    grid: N 3, patches per side
    concepts: N cells, an index into TRAINING_CONCEPTS, NOTHING or UNSURE
    colours: N, the background's first colour
    plain: N, whether the background is of that colour alone
    """

    patches: Tensor
    grid: Tensor
    concepts: Tensor
    colours: Tensor
    plain: Tensor


def simple_scene(rng: np.random.Generator) -> Scene:
    """One to three objects on distinct spots; half of the scenes use first-light concepts only."""
    keys = FIRST_LIGHT.concepts if rng.random() < 0.5 else TRAINING_CONCEPTS
    count = int(rng.choice((1, 2, 3), p=(0.4, 0.4, 0.2)))
    first, second = rng.choice(COLOUR_NAMES, 2, replace=False)
    kind = "plain" if rng.random() < 0.6 else str(rng.choice(KINDS))
    objects = []
    for place in rng.permutation(len(SPOTS))[:count]:
        x, y = SPOTS[place]
        size = rng.uniform(0.3, 0.75) if count == 1 else rng.uniform(0.25, 0.45)
        shift = rng.uniform(-0.1, 0.1, 2)
        key = str(rng.choice(keys))
        objects.append(
            SceneObject(key, x=float(x + shift[0]), y=float(y + shift[1]), size=float(size))
        )
    return Scene(Background(kind, str(first), str(second)), tuple(objects))


def labels(scene: Scene, cells: int) -> np.ndarray:
    """What each of cells × cells equal squares of the picture shows (cells² int)."""
    middle = (np.arange(cells) + 0.5) / cells
    y, x = (axis.ravel() for axis in np.meshgrid(middle, middle, indexing="ij"))
    shown = np.full(cells * cells, NOTHING)
    for thing in scene.objects:
        distance = np.maximum(abs(x - thing.x), abs(y - thing.y)) / thing.size
        shown[distance < SURE_OUTSIDE] = UNSURE
        shown[distance < SURE_INSIDE] = TRAINING_CONCEPTS.index(thing.concept)
    return shown


def patchify_pictures(pictures: np.ndarray) -> tuple[Tensor, Tensor]:
    """Equal pictures (N H W 3 uint8) to patches ((N patches) 384) and grids (N 3)."""
    pixels = torch.from_numpy(pictures).float() / 127.5 - 1
    patches = rearrange(
        pixels,
        "n (gh mh p) (gw mw q) c -> (n gh gw mh mw) c p q",
        mh=MERGE, mw=MERGE, p=PATCH, q=PATCH,
    )  # fmt: skip
    doubled = patches[:, :, None].expand(-1, -1, TEMPORAL_PATCH, -1, -1)
    count, height, width = pictures.shape[:3]
    grid = torch.tensor([[1, height // PATCH, width // PATCH]]).expand(count, 3)
    return rearrange(doubled, "n c t p q -> n (c t p q)"), grid


def sight_batch(rng: np.random.Generator, count: int, size: int = 64) -> Sight:
    """Draw a batch of simple scenes."""
    scenes = [simple_scene(rng) for _ in range(count)]
    pictures = np.concatenate([render(scene, size) for scene in scenes])
    patches, grid = patchify_pictures(pictures)
    cells = size // (PATCH * MERGE)
    return Sight(
        patches,
        grid,
        torch.from_numpy(np.stack([labels(scene, cells) for scene in scenes])),
        torch.tensor([COLOUR_NAMES.index(scene.background.first) for scene in scenes]),
        torch.tensor([scene.background.kind == "plain" for scene in scenes]),
    )


class SightHeads(nn.Module):
    """What the visual tokens say: a concept each, and together a background colour."""

    def __init__(self, width: int):
        super().__init__()
        self.concept = nn.Linear(width, NOTHING + 1)
        self.colour = nn.Linear(width, len(COLOURS))

    def forward(self, tower: Qwen3VLVisionModel, batch: Sight) -> tuple[Tensor, dict[str, float]]:
        """The loss, and the shares of objects' tokens and of backgrounds named correctly."""
        tokens = torch.as_tensor(tower(batch.patches, grid_thw=batch.grid).pooler_output)
        concepts = self.concept(tokens).float()
        wanted = batch.concepts.flatten()
        pooled = reduce(tokens, "(n cells) d -> n d", "mean", n=len(batch.colours))
        colours = self.colour(pooled).float()
        loss = F.cross_entropy(concepts, wanted, ignore_index=UNSURE)
        loss = loss + 0.3 * F.cross_entropy(colours, batch.colours)
        on_object = (wanted != UNSURE) & (wanted != NOTHING)
        right = (concepts.argmax(-1) == wanted)[on_object].float().mean()
        coloured = (colours.argmax(-1) == batch.colours).float().mean()
        return loss, {"objects": right.item(), "colours": coloured.item()}


class Namer:
    """Asks that a visual token lies where the language model keeps the word for what it shows.

    The decoder then finds names in pictures by the same attention that finds them in texts.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase):
        def first_token(word: str) -> int:
            return tokenizer(f" {word}", add_special_tokens=False)["input_ids"][0]

        self.concepts = torch.tensor([first_token(name_of(key)) for key in TRAINING_CONCEPTS])
        self.colours = torch.tensor([first_token(name) for name in COLOUR_NAMES])

    def loss(self, model: Qwen3VLForConditionalGeneration, batch: Sight) -> tuple[Tensor, float]:
        """Cross entropy of the tokens' words, and the share of objects' tokens named exactly."""
        seen = model.model.visual(batch.patches, grid_thw=batch.grid).pooler_output
        logits = model.lm_head(model.model.language_model.norm(seen)).float()
        colours = self.colours[batch.colours].masked_fill(~batch.plain, UNSURE)[:, None]
        words = self.concepts[batch.concepts.clamp(0, NOTHING - 1)]
        words = torch.where(batch.concepts == NOTHING, colours, words)
        words = words.masked_fill(batch.concepts == UNSURE, UNSURE).flatten()
        on_object = ((batch.concepts != UNSURE) & (batch.concepts != NOTHING)).flatten()
        right = (logits.argmax(-1) == words)[on_object].float().mean()
        return F.cross_entropy(logits, words, ignore_index=UNSURE), right.item()
