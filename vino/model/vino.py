"""The whole model: vision-language model, conditioner, transformer and autoencoder."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from vino.model.conditioner import Conditioner
from vino.model.encoded import Encoded
from vino.model.mmdit import ContextStates, Memories, MMDiT
from vino.model.sequence import pack, pack_references
from vino.model.vae import VideoAutoencoder
from vino.model.vlm import VLM, PromptStates
from vino.prompt import Chat


@dataclass(frozen=True, eq=False)
class Conditioning:
    """All that stays fixed while sampling: the context, and each sample's reference latents.

    memories: what the blocks are asked about the references, once `Vino.remember` has seen to it.
    """

    states: ContextStates
    references: tuple[tuple[Tensor, ...], ...]
    memories: Memories | None = None


class Vino(nn.Module):
    """prompt -> conditioning -> velocity -> frames."""

    vae: VideoAutoencoder

    def __init__(self, vlm: VLM, conditioner: Conditioner, mmdit: MMDiT, vae: VideoAutoencoder):
        super().__init__()
        self.vlm = vlm
        self.conditioner = conditioner
        self.mmdit = mmdit
        self.vae = vae

    @property
    def device(self) -> torch.device:
        return self.mmdit.final_proj.weight.device

    @property
    def dtype(self) -> torch.dtype:
        return self.mmdit.final_proj.weight.dtype

    def read(self, chats: Sequence[Chat], encoded: Encoded | None = None) -> list[PromptStates]:
        """States of the chats, once and without gradients; share them wherever they recur.

        encoded: where visual features are looked up and kept.
        """
        config = self.conditioner.config
        blind = config.references == "latents"
        tokens = [self.vlm.tokenize(chat, config.queries, blind) for chat in chats]
        return self.vlm.read(tokens, encoded)

    def condition(
        self, prompts: Sequence[PromptStates], references: Sequence[Sequence[Tensor]]
    ) -> Conditioning:
        """Conditioning of a batch; references: clean latents C T H W of each sample's media."""
        for states, latents in zip(prompts, references, strict=True):
            if len(latents) not in (0, len(states.boundaries)):
                raise ValueError(
                    f"{len(latents)} reference latents for {len(states.boundaries)} media"
                )
        if self.conditioner.config.references == "states":
            references = [()] * len(references)
        # Media shown to the VLM alone (image reconstruction) have no place in the visual stream.
        marked = self.mmdit.config.boundaries
        placed = [
            p if latents and marked else PromptStates(p.hidden, p.cache, p.position, ())
            for p, latents in zip(prompts, references, strict=True)
        ]
        return Conditioning(
            self.conditioner(self.vlm, placed), tuple(tuple(latents) for latents in references)
        )

    def remember(self, conditioning: Conditioning) -> Conditioning:
        """The same, with what does not change in any step computed now, if the model allows it."""
        if not self.mmdit.config.apart or not any(conditioning.references):
            return conditioning
        config = self.mmdit.config
        references = pack_references(conditioning.references, config.patch, config.layout)
        memories = self.mmdit.remember(references, conditioning.states.boundaries)
        return replace(conditioning, memories=memories)

    def forward(self, x_t: Sequence[Tensor], t: Tensor, conditioning: Conditioning) -> list[Tensor]:
        """Velocity of every sample of a packed batch; x_t: one latent C T H W a sample; t: B."""
        config = self.mmdit.config
        visual = pack(x_t, conditioning.references, config.patch, config.layout)
        return visual.unpack(self.mmdit(visual, conditioning.states, t, conditioning.memories))
