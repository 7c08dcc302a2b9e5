"""What was read from a checkpoint, whichever its format: parts of a model, perhaps not all."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from torch import Tensor

from vino.checkpoints.card import Card
from vino.checkpoints.digest import model_hash
from vino.checkpoints.upstream import Carried
from vino.checkpoints.vae import Autoencoder
from vino.checkpoints.vlm import tied_names
from vino.errors import CheckpointError, InputError
from vino.model.conditioner import Conditioner, ConditionerConfig
from vino.model.mmdit import MMDiT
from vino.model.vino import Vino
from vino.model.vlm import VLM


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The parts a checkpoint held.

    HunyuanVideo's own weights have no conditioner: with queries and connectors untrained they
    are a base for training (`start`) and nothing generates with them (`refusal` says why).
    """

    title: str
    mmdit: MMDiT
    conditioner: Conditioner | None = None
    vae: Autoencoder | None = None
    vlm: VLM | None = None
    card: Card = field(default_factory=Card)
    upstream: tuple[Carried, ...] = ()

    @classmethod
    def of(cls, vino: Vino, card: Card, title: str = "model") -> "Checkpoint":
        """A model in memory, as after training; a hash on the card is dropped."""
        card = replace(card, hash=None)
        return cls(title, vino.mmdit, vino.conditioner, _known(vino.vae), vino.vlm, card)

    @property
    def refusal(self) -> str | None:
        """Why this cannot generate, in one line; None when it can."""
        if self.conditioner is None:
            return base_refusal(self.title)
        if self.vlm is None:
            return (
                f"{self.title}: holds no vision-language model; name the folder of "
                "Qwen3-VL-4B-Instruct (vlm)"
            )
        if self.vae is None:
            return f"{self.title}: holds no autoencoder; name the folder of HunyuanVideo's (vae)"
        return self._misfit(self.vlm, self.conditioner.config, self.vae)

    def vino(self) -> Vino:
        """The whole model, ready to generate; CheckpointError with the reason when it is not."""
        if self.refusal or not (self.vlm and self.conditioner and self.vae):
            raise CheckpointError(self.refusal or self.title)
        return Vino(self.vlm, self.conditioner, self.mmdit, self.vae)

    def start(self, queries: int | None = None) -> Vino:
        """The model to begin training with: a base gets new queries and connectors.

        These are drawn from torch's global generator. Needs the vision-language model and the
        autoencoder. queries: how many, None for the model's own, or as published for a base;
        InputError where the model has another number.
        """
        if self.conditioner is not None:
            own = self.conditioner.config.queries
            if queries not in (None, own):
                raise InputError(
                    f"{self.title}: has {own} queries, not {queries}: set queries {own}"
                )
            return self.vino()
        if self.vlm is None or self.vae is None:
            lacking = "vision-language model (vlm)" if self.vlm is None else "autoencoder (vae)"
            raise CheckpointError(f"{self.title}: training needs the folder of a {lacking}")
        config = ConditionerConfig(
            vlm_width=self.vlm.width,
            queries=ConditionerConfig.queries if queries is None else queries,
            context_dim=self.mmdit.config.context_dim,
            visual_dim=self.mmdit.config.width,
        )
        if misfit := self._misfit(self.vlm, config, self.vae):
            raise CheckpointError(misfit)
        like = self.mmdit.final_proj.weight
        conditioner = Conditioner(config).to(like.device, like.dtype)
        return Vino(self.vlm, conditioner, self.mmdit, self.vae)

    def tensors(self) -> Mapping[str, Tensor]:
        """Every stored tensor, by part and name."""
        parts = {"mmdit": self.mmdit, "conditioner": self.conditioner, "vae": self.vae}
        every = {
            f"{part}.{name}": tensor
            for part, module in parts.items()
            if module is not None
            for name, tensor in module.state_dict().items()
        }
        if self.vlm is not None:
            tied = tied_names(self.vlm)
            state = self.vlm.model.state_dict()
            every |= {f"vlm.{name}": t for name, t in state.items() if name not in tied}
        return every

    def hash(self) -> str:
        """The hash of the tensors as stored: the card's, or else computed (slow when large)."""
        return self.card.hash or model_hash(self.tensors())

    def _misfit(self, vlm: VLM, conditioner: ConditionerConfig, vae: Autoencoder) -> str | None:
        sizes = self.mmdit.config
        pairs = (
            ("the vision-language model's width", vlm.width, conditioner.vlm_width),
            ("the transformer's context", sizes.context_dim, conditioner.context_dim),
            ("the transformer's width", sizes.width, conditioner.visual_dim),
            ("the autoencoder's channels", vae.latent_channels, sizes.latent_channels),
        )
        for what, is_, wanted in pairs:
            if is_ != wanted:
                return f"{self.title}: parts of different models, {what}: {is_}, not {wanted}"
        return None


def base_refusal(title: object) -> str:
    """Why a base for training cannot generate."""
    return (
        f"{title}: a base for training. It has no connectors and no queries, which VINO's "
        "training adds, so it cannot generate; load a trained VINO model"
    )


def _known(vae: object) -> Autoencoder:
    if not isinstance(vae, Autoencoder):
        raise CheckpointError(f"an autoencoder of type {type(vae).__name__} cannot be stored")
    return vae
