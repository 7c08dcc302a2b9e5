"""ComfyUI nodes. This folder is a custom node: link it into ComfyUI/custom_nodes (docs/comfyui.md).

    nodes      load, reference, prompt, edit, sample, decode
    images     ComfyUI's IMAGE tensors to frames and back
    host       progress, previews and interruption, when ComfyUI is there
    workflows  examples, in API format
"""

from vino.comfy.nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
