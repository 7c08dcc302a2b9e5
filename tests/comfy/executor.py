"""A small ComfyUI: checks a workflow in API format link by link, runs it, and caches.

As in ComfyUI: values are converted and bounded, links must join equal types, VALIDATE_INPUTS gets
the inputs it names (None for links) and takes over their checks, IS_CHANGED gets all of them, an
output is used again while nothing before it changed, and nodes run in inference mode, one object
for each place in the workflow.
"""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from vino.media import Frames, read_picture

CONVERT = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}
Workflow = Mapping[str, Mapping[str, Any]]


class Refused(Exception):
    """The workflow is not run; says why, and where."""


class Comfy:
    """Runs workflows one after the other and remembers the outputs of the last."""

    def __init__(self, nodes: Mapping[str, type], folder: Path):
        self.folder = folder
        core = {"LoadImage": LoadImage, "SaveImage": SaveImage, "SaveAnimatedWEBP": SaveAnimated}
        self.nodes = {**core, **nodes}
        self.cache: dict[Any, tuple[Any, ...]] = {}
        self.objects: dict[tuple[str, str], Any] = {}
        self.ran: list[str] = []

    def run(self, workflow: Workflow) -> dict[str, tuple[Any, ...]]:
        """Outputs of every node; `ran` lists those that were not in the cache."""
        workflow = {key: {**node, "inputs": dict(node["inputs"])} for key, node in workflow.items()}
        ends = [k for k, n in workflow.items() if getattr(self._class(n), "OUTPUT_NODE", False)]
        if not ends:
            raise Refused("the workflow has no outputs")
        for key in workflow:
            self._validate(workflow, key)
        self.ran, done = [], {}
        used: dict[Any, tuple[Any, ...]] = {}
        with torch.inference_mode():
            for key in ends:
                self._execute(workflow, key, done, used)
        self.cache = used
        return done

    def _class(self, node: Mapping[str, Any]) -> Any:
        try:
            return self.nodes[node["class_type"]]
        except KeyError:
            raise Refused(f"there is no node {node['class_type']}") from None

    def _validate(self, workflow: Workflow, key: str) -> None:
        inputs, node = workflow[key]["inputs"], self._class(workflow[key])
        declared = node.INPUT_TYPES()
        specs = {**declared["required"], **declared.get("optional", {})}
        if missing := set(declared["required"]) - set(inputs):
            raise Refused(f"{key}: required input is missing: {', '.join(sorted(missing))}")
        hook = getattr(node, "VALIDATE_INPUTS", None)
        own = set(inspect.signature(hook).parameters) if hook else set()
        for name, value in list(inputs.items()):
            if name not in specs:
                raise Refused(f"{key}: there is no input {name}")
            if isinstance(value, list):
                self._link(workflow, key, name, value, specs[name])
            else:
                inputs[name] = _checked(f"{key}.{name}", value, specs[name], name in own)
        if hook:
            given = {n: None if isinstance(v, list) else v for n, v in inputs.items() if n in own}
            told = hook(**given)
            if told is not True:
                raise Refused(f"{key}: {told}")

    def _link(self, workflow: Workflow, key: str, name: str, link: list[Any], spec: Any) -> None:
        if len(link) != 2 or link[0] not in workflow:
            raise Refused(f"{key}.{name}: a link is [node, slot]")
        kinds = self._class(workflow[link[0]]).RETURN_TYPES
        if not 0 <= link[1] < len(kinds) or kinds[link[1]] != spec[0]:
            raise Refused(
                f"{key}.{name}: return type mismatch: {kinds} slot {link[1]} to {spec[0]}"
            )

    def _signature(self, workflow: Workflow, key: str) -> Any:
        """Changes whenever the node, a value, or anything before it changes."""
        inputs, node = workflow[key]["inputs"], self._class(workflow[key])
        changed = None
        if hasattr(node, "IS_CHANGED"):
            changed = node.IS_CHANGED(
                **{n: None if isinstance(v, list) else v for n, v in inputs.items()}
            )
        before = tuple(
            (n, (self._signature(workflow, v[0]), v[1]) if isinstance(v, list) else v)
            for n, v in sorted(inputs.items())
        )
        return (workflow[key]["class_type"], changed, before)

    def _execute(self, workflow: Workflow, key: str, done: Any, used: Any) -> tuple[Any, ...]:
        if key in done:
            return done[key]
        inputs, node = workflow[key]["inputs"], self._class(workflow[key])
        given = {
            name: self._execute(workflow, v[0], done, used)[v[1]] if isinstance(v, list) else v
            for name, v in inputs.items()
        }
        signature = self._signature(workflow, key)
        if signature in self.cache:
            result = self.cache[signature]
        else:
            self.ran.append(key)
            place = (key, workflow[key]["class_type"])
            made = self.objects.setdefault(place, node())
            if isinstance(made, FileNode):
                made.folder = self.folder
            result = getattr(made, node.FUNCTION)(**given)
            result = result.get("result", ()) if isinstance(result, dict) else result
            assert isinstance(result, tuple) and len(result) == len(node.RETURN_TYPES), key
        done[key] = used[signature] = result
        return result


def _checked(where: str, value: Any, spec: Any, own: bool) -> Any:
    """A value of the declared type and range; range and choice are the node's own to check."""
    kind, options = spec[0], spec[1] if len(spec) > 1 else {}
    if isinstance(kind, list):
        if not own and value not in kind:
            raise Refused(f"{where}: value not in list: {value!r}")
        return value
    if kind not in CONVERT:
        raise Refused(f"{where}: {kind} must be linked")
    try:
        value = CONVERT[kind](value)
    except (TypeError, ValueError):
        raise Refused(f"{where}: {value!r} is no {kind}") from None
    if not own and not options.get("min", value) <= value <= options.get("max", value):
        raise Refused(f"{where}: {value} is not from {options.get('min')} to {options.get('max')}")
    return value


class FileNode:
    """A node of ComfyUI itself that reads or writes files, as far as the examples need it."""

    folder: Path
    CATEGORY, DESCRIPTION = "image", "stand-in"


class LoadImage(FileNode):
    RETURN_TYPES, RETURN_NAMES, FUNCTION = ("IMAGE", "MASK"), ("IMAGE", "MASK"), "load_image"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("STRING", {"default": ""})}}

    def load_image(self, image):
        pixels = torch.from_numpy(read_picture(self.folder / image).pixels).float() / 255
        return pixels, torch.zeros(pixels.shape[:3])


class SaveImage(FileNode):
    RETURN_TYPES, RETURN_NAMES, FUNCTION, OUTPUT_NODE = (), (), "save_images", True

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "images": ("IMAGE",),
                "filename_prefix": ("STRING", {"default": "ComfyUI"}),
            }
        }

    def save_images(self, images, filename_prefix):
        for i, image in enumerate(_bytes(images)):
            Frames(image[None]).save(self.folder / f"{filename_prefix}_{i:05}.png")
        return {"ui": {"images": []}}


class SaveAnimated(FileNode):
    RETURN_TYPES, RETURN_NAMES, FUNCTION, OUTPUT_NODE = (), (), "save_images", True

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "images": ("IMAGE",),
                "filename_prefix": ("STRING", {"default": "ComfyUI"}),
                "fps": ("FLOAT", {"default": 6.0, "min": 0.01, "max": 1000.0, "step": 0.01}),
                "lossless": ("BOOLEAN", {"default": True}),
                "quality": ("INT", {"default": 80, "min": 0, "max": 100}),
                "method": (["default", "fastest", "slowest"],),
            }
        }

    def save_images(self, images, filename_prefix, fps, lossless, quality, method):
        path = self.folder / f"{filename_prefix}_00000.webp"
        Frames(_bytes(images), fps).save(path, quality=100 if lossless else quality)
        return {"ui": {"images": [], "animated": (True,)}}


def _bytes(images):
    """As ComfyUI saves: B H W 3, floats from 0 to 1."""
    assert images.ndim == 4 and images.shape[-1] == 3 and images.dtype == torch.float32
    return (images.cpu().numpy() * 255).round().clip(0, 255).astype("uint8")
