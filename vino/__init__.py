"""One model that makes and edits pictures and clips from interleaved prompts.

import vino
model = vino.load()
model.generate("a red apple and a dog on a plain green background").save("a.png")
model.edit("a.png", "replace the dog with a top hat").save("b.png")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vino.errors import CheckpointError, InputError, VinoError

if TYPE_CHECKING:
    from vino.flow.sampling import Sampling
    from vino.generate import Model, Progress, load
    from vino.media import Frames
    from vino.pipeline import VinoPipeline
    from vino.prompt import Image, Prompt, Text, Video
    from vino.request import Request

__version__ = "0.1.0"

# Imported when first used: `import vino` itself costs nothing.
_LAZY = {
    "Frames": "vino.media",
    "Image": "vino.prompt",
    "Model": "vino.generate",
    "Progress": "vino.generate",
    "Prompt": "vino.prompt",
    "Request": "vino.request",
    "Sampling": "vino.flow.sampling",
    "Text": "vino.prompt",
    "Video": "vino.prompt",
    "VinoPipeline": "vino.pipeline",
    "load": "vino.generate",
}

__all__ = [
    "CheckpointError",
    "Frames",
    "Image",
    "InputError",
    "Model",
    "Progress",
    "Prompt",
    "Request",
    "Sampling",
    "Text",
    "Video",
    "VinoError",
    "VinoPipeline",
    "load",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'vino' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
