"""Where a model lies: packaged with the program, on disk, or on the Hugging Face hub."""

import re
from pathlib import Path

import vino
from vino.checkpoints.store import first_line
from vino.errors import InputError

PACKAGED = ("tiny",)
TEXTS = ("*.json", "*.txt", "*.md", "*.jinja", "LICENSE*", "LICENCE*", "NOTICE*")
WEIGHTS = ("*.safetensors",)
VAE_WEIGHTS = ("vae/*.safetensors", "vae.safetensors", "diffusion_pytorch_model*.safetensors")
NOT_READ = ("text_encoder*/*",)  # of HunyuanVideo pipelines: Llama and CLIP, which VINO has not
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def resolve(model: str | Path, weights: tuple[str, ...] = WEIGHTS) -> Path:
    """The folder or file of a model.

    model: a packaged name ("tiny"), a path that exists, or a hub id "owner/name", which is
    fetched into Hugging Face's cache (safetensors and texts only; offline mode is respected).
    weights: patterns of the weight files wanted. InputError names what was tried.
    """
    if model in PACKAGED:
        return _packaged(str(model))
    path = Path(model).expanduser()
    if str(model) and path.exists():
        return path
    if isinstance(model, str) and _HUB_ID.fullmatch(model):
        return _fetched(model, weights)
    raise InputError(f"no model {str(model)!r}: there is no such file or folder. {_known()}")


def _packaged(name: str) -> Path:
    folder = Path(vino.__file__).parent / "assets" / name
    if not folder.is_dir():
        raise InputError(f'the model "{name}" is not part of this installation; install vino anew')
    return folder


def _fetched(model: str, weights: tuple[str, ...]) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    wanted = [*weights, *TEXTS]
    try:
        return Path(snapshot_download(model, allow_patterns=wanted, ignore_patterns=[*NOT_READ]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise InputError(
            f"no model {model!r}: there is no such folder, and the Hugging Face hub gave none "
            f"({type(error).__name__}: {first_line(error)}). {_known()}"
        ) from None


def _known() -> str:
    names = ", ".join(f'"{name}"' for name in PACKAGED)
    return f"Known are {names}, a model folder or file, and a hub id (owner/name)"
