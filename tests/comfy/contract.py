"""ComfyUI's contract of a node, strictly: what its server and its page read off a class.

Written from the documentation of custom nodes and the behaviour of ComfyUI's own checks.
"""

import inspect
import json
from typing import Any

PRIMITIVES = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}
SOCKETS = {"IMAGE", "LATENT", "MASK"}  # of ComfyUI's own types; others begin with ours
OPTIONS = {
    "INT": {"default", "min", "max", "step", "tooltip", "control_after_generate", "forceInput"},
    "FLOAT": {"default", "min", "max", "step", "round", "tooltip", "forceInput"},
    "STRING": {"default", "multiline", "placeholder", "dynamicPrompts", "tooltip", "forceInput"},
    "BOOLEAN": {"default", "label_on", "label_off", "tooltip", "forceInput"},
    "COMBO": {"default", "tooltip"},
    "SOCKET": {"tooltip"},
}
GROUPS = {"required", "optional", "hidden"}


def check_node(name: str, node: type) -> None:
    """AssertionError names what ComfyUI would stumble over."""
    assert isinstance(inspect.getattr_static(node, "INPUT_TYPES"), classmethod), name
    declared = node.INPUT_TYPES()
    assert "required" in declared and set(declared) <= GROUPS, name
    json.dumps(declared)  # the page gets it as JSON
    for group in ("required", "optional"):
        for key, spec in declared.get(group, {}).items():
            check_input(f"{name}.{key}", spec)
    check_outputs(name, node)
    check_function(name, node, declared)
    check_hooks(name, node, declared)
    assert isinstance(node.CATEGORY, str) and node.CATEGORY
    assert isinstance(node.DESCRIPTION, str) and node.DESCRIPTION


def kind_of(spec: tuple[Any, ...]) -> str:
    """The group of options that belongs to an input."""
    if isinstance(spec[0], list):
        return "COMBO"
    return spec[0] if spec[0] in PRIMITIVES else "SOCKET"


def check_input(where: str, spec: Any) -> None:
    assert isinstance(spec, tuple) and 1 <= len(spec) <= 2, where
    kind, options = kind_of(spec), spec[1] if len(spec) == 2 else {}
    assert set(options) <= OPTIONS[kind], f"{where}: unknown {set(options) - OPTIONS[kind]}"
    if kind == "COMBO":
        assert spec[0] and all(isinstance(choice, str) for choice in spec[0]), where
        assert options.get("default", spec[0][0]) in spec[0], where
    elif kind == "SOCKET":
        assert spec[0] in SOCKETS or spec[0].startswith("VINO_"), where
    else:
        check_widget(where, kind, options)


def check_widget(where: str, kind: str, options: dict[str, Any]) -> None:
    """A value that can be edited has a default of its type and within its range."""
    assert type(options["default"]) is PRIMITIVES[kind], where
    if kind in ("INT", "FLOAT"):
        assert {"min", "max"} <= set(options), f"{where}: unbounded"
        for bound in ("min", "max", "step"):
            assert type(options.get(bound, options["default"])) is PRIMITIVES[kind], where
        assert options["min"] <= options["default"] <= options["max"], where


def check_outputs(name: str, node: type) -> None:
    assert isinstance(node.RETURN_TYPES, tuple), name
    assert all(isinstance(kind, str) for kind in node.RETURN_TYPES), name
    assert len(node.RETURN_NAMES) == len(node.RETURN_TYPES), name
    assert node.RETURN_TYPES or getattr(node, "OUTPUT_NODE", False), f"{name} leads nowhere"


def check_function(name: str, node: type, declared: dict[str, Any]) -> None:
    """Called with keywords alone: what is required and whichever optional inputs are there."""
    parameters = dict(inspect.signature(getattr(node, node.FUNCTION)).parameters)
    parameters.pop("self")
    inputs = {**declared["required"], **declared.get("optional", {}), **declared.get("hidden", {})}
    assert set(parameters) == set(inputs), f"{name}: {set(parameters) ^ set(inputs)}"
    for key in declared.get("optional", {}):
        parameter = parameters[key]
        assert parameter.default is not inspect.Parameter.empty, f"{name}.{key} has no default"
        options = declared["optional"][key][1]
        if "default" in options:
            assert parameter.default == options["default"], f"{name}.{key}: two defaults"
    assert not inspect.signature(node).parameters, f"{name} is made without arguments"


def check_hooks(name: str, node: type, declared: dict[str, Any]) -> None:
    inputs = {**declared["required"], **declared.get("optional", {})}
    for hook in ("VALIDATE_INPUTS", "IS_CHANGED"):
        if hasattr(node, hook):
            assert isinstance(inspect.getattr_static(node, hook), classmethod), f"{name}.{hook}"
            named = inspect.signature(getattr(node, hook)).parameters.values()
            for parameter in named:
                if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
                    assert parameter.name in inputs, f"{name}.{hook}: {parameter.name}"
