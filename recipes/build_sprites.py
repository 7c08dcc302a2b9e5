"""Draw the emoji world's sprites once and pack them: one atlas and one index for each style.

The art comes from npm packages, fetched by the ordinary client (`npm pack NAME@VERSION`, which
installs nothing). Every glyph is cropped to its ink and scaled so that its longer side fills the
tile; pixels are stored with premultiplied alpha, so that they can be scaled and blended directly.

    python recipes/build_sprites.py flat
"""

import argparse
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import resvg_py

ASSETS = Path(__file__).parent.parent / "vino" / "data" / "world" / "assets"
TILE = 96  # pixels of a sprite's longer side
COLUMNS = 22  # tiles in a row of the atlas
INK = 8  # alpha above which a pixel belongs to the glyph, when cropping
QUALITY = 92  # WebP quality of the colours; alpha is always stored exactly


@dataclass(frozen=True)
class Source:
    """Where a style's art comes from.

    package: NAME@VERSION
    names: the package that tells which icon draws which character, where this one does not
    """

    package: str
    names: str | None = None


NOTO = "@iconify-json/noto@1.2.9"
SOURCES = {
    "flat": Source("@iconify-json/fluent-emoji-flat@1.2.6"),
    "glossy": Source("@iconify-json/fluent-emoji@1.2.7", NOTO),
    "3D": Source("@lobehub/fluent-emoji-3d@1.1.0"),
    "noto": Source(NOTO),
    "blob": Source("@iconify-json/noto-v1@1.2.5", NOTO),
    # Held-out styles, for evaluation alone: built where they are wanted, never shipped.
    "twitter": Source("@iconify-json/twemoji@1.2.5"),
    "classic": Source("@iconify-json/emojione@1.2.3", NOTO),
}


def fetch(package: str, folder: Path) -> Path:
    """Fetch and unpack one npm package; returns the folder of its files."""
    packed = subprocess.run(
        ["npm", "pack", package, "--json"], cwd=folder, check=True, capture_output=True, text=True
    )
    archive = folder / json.loads(packed.stdout)[0]["filename"]
    with tarfile.open(archive) as files:
        files.extractall(archive.with_suffix(""), filter="data")
    return archive.with_suffix("") / "package"


def plain_code(code: str) -> str:
    """The concept's key: lower-case hex without the presentation selector."""
    return "-".join(part for part in code.lower().split("-") if part != "fe0f")


def glyphs_of(package: Path, names: Path) -> dict[str, Callable[[], np.ndarray]]:
    """Concept key -> a function that draws its glyph (H W 4 uint8, straight alpha, RGBA)."""
    if not (package / "icons.json").exists():
        pictures = (package / "assets").glob("*.webp")
        return {plain_code(path.stem): partial(read_picture, path) for path in pictures}
    icons = json.loads((package / "icons.json").read_text())
    drawn = {**icons["icons"], **icons.get("aliases", {})}
    table = json.loads((names / "chars.json").read_text())
    return {
        plain_code(code): partial(draw_icon, icons, name)
        for code, name in table.items()
        if name in drawn
    }


def read_picture(path: Path) -> np.ndarray:
    """A glyph that is a picture already."""
    return cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)


def draw_icon(icons: dict, name: str) -> np.ndarray:
    """A glyph that is an SVG body in a set's table."""
    parent = icons.get("aliases", {}).get(name, {}).get("parent", name)
    return draw_svg(svg_text(icons, icons["icons"][parent]))


def svg_text(icons: dict, icon: dict) -> str:
    """A whole SVG document around one icon's body."""
    width = icon.get("width", icons.get("width", 16))
    height = icon.get("height", icons.get("height", 16))
    box = f"{icon.get('left', 0)} {icon.get('top', 0)} {width} {height}"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height}" viewBox="{box}">{icon["body"]}</svg>'
    )


def draw_svg(text: str, pixels: int = 4 * TILE) -> np.ndarray:
    """Rasterise an SVG text (H W 4 uint8, straight alpha, RGBA)."""
    png = resvg_py.svg_to_bytes(
        svg_string=text, width=pixels, height=pixels, skip_system_fonts=True
    )
    image = cv2.imdecode(np.frombuffer(bytes(png), np.uint8), cv2.IMREAD_UNCHANGED)
    return cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA)


def tile_of(glyph: np.ndarray) -> np.ndarray:
    """Crop a glyph to its ink and centre it in a tile (TILE TILE 4 uint8, premultiplied RGBA)."""
    rows, columns = np.nonzero(glyph[..., 3] > INK)
    glyph = glyph[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    premultiplied = glyph.astype(np.float32)
    premultiplied[..., :3] *= premultiplied[..., 3:] / 255
    height, width = glyph.shape[:2]
    scale = TILE / max(height, width)
    height, width = max(1, round(height * scale)), max(1, round(width * scale))
    small = cv2.resize(premultiplied, (width, height), interpolation=cv2.INTER_AREA)
    tile = np.zeros((TILE, TILE, 4), np.uint8)
    top, left = (TILE - height) // 2, (TILE - width) // 2
    tile[top : top + height, left : left + width] = np.clip(small.round(), 0, 255)
    return tile


def atlas_of(tiles: list[np.ndarray]) -> np.ndarray:
    """Lay tiles out in rows of COLUMNS, empty tiles at the end."""
    empty = np.zeros_like(tiles[0])
    rows = [tiles[i : i + COLUMNS] for i in range(0, len(tiles), COLUMNS)]
    rows[-1] += [empty] * (COLUMNS - len(rows[-1]))
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def build(style: str) -> None:
    """Fetch a style's package, draw all concepts it has, and write its atlas and index."""
    concepts = json.loads((ASSETS / "concepts.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        source = SOURCES[style]
        package = fetch(source.package, Path(folder))
        names = fetch(source.names, Path(folder)) if source.names else package
        glyphs = glyphs_of(package, names)
        codes = [code for code in concepts if code in glyphs]
        atlas = atlas_of([tile_of(glyphs[code]()) for code in codes])
    path = ASSETS / f"{style}.webp"
    cv2.imwrite(
        str(path), cv2.cvtColor(atlas, cv2.COLOR_RGBA2BGRA), [cv2.IMWRITE_WEBP_QUALITY, QUALITY]
    )
    index = {"source": source.package, "tile": TILE, "columns": COLUMNS, "codes": codes}
    (ASSETS / f"{style}.json").write_text(json.dumps(index) + "\n")
    print(f"{style}: {len(codes)} of {len(concepts)} concepts, {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("styles", nargs="+", choices=sorted(SOURCES))
    for style in parser.parse_args().styles:
        build(style)
