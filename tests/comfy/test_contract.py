"""The nodes as ComfyUI sees them."""

import importlib.util
import sys
from pathlib import Path

import pytest

import vino.comfy
from tests.comfy.contract import check_node
from tests.comfy.executor import LoadImage, SaveAnimated, SaveImage
from vino.comfy import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS


@pytest.mark.parametrize("name", NODE_CLASS_MAPPINGS)
def test_every_node_keeps_the_contract(name):
    check_node(name, NODE_CLASS_MAPPINGS[name])


@pytest.mark.parametrize("node", [LoadImage, SaveImage, SaveAnimated])
def test_the_stand_ins_keep_it_too(node):
    check_node(node.__name__, node)


def test_the_checker_finds_mistakes():
    class Wrong(NODE_CLASS_MAPPINGS["VinoPrompt"]):
        def write(self, text):
            return (text,)

    with pytest.raises(AssertionError, match="references"):
        check_node("Wrong", Wrong)


def test_names_are_ours_and_all_are_shown():
    assert set(NODE_CLASS_MAPPINGS) == set(NODE_DISPLAY_NAME_MAPPINGS)
    assert all(name.startswith("Vino") for name in NODE_CLASS_MAPPINGS)
    assert len(set(NODE_DISPLAY_NAME_MAPPINGS.values())) == len(NODE_CLASS_MAPPINGS)


def test_the_folder_loads_as_a_custom_node(tmp_path, monkeypatch):
    """ComfyUI imports a folder by its path, under a name of its own."""
    folder = tmp_path / "vino-nodes"
    folder.symlink_to(Path(vino.comfy.__file__).parent)
    spec = importlib.util.spec_from_file_location(str(folder), folder / "__init__.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, str(folder), module)
    spec.loader.exec_module(module)
    assert module.NODE_CLASS_MAPPINGS == NODE_CLASS_MAPPINGS
    assert module.NODE_DISPLAY_NAME_MAPPINGS == NODE_DISPLAY_NAME_MAPPINGS
