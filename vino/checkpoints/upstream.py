"""Licences of weights that others made, and the files that have to travel with them."""

import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vino.checkpoints.card import Card, Origin

VINO_LICENCE = "CC BY-NC 4.0"
HUNYUAN_LICENCE = "Tencent Hunyuan Community License"
QWEN_LICENCE = "Apache-2.0"
WHERE = {  # where a licence's text is kept by those who gave it
    VINO_LICENCE: "https://creativecommons.org/licenses/by-nc/4.0/legalcode",
    HUNYUAN_LICENCE: "https://github.com/Tencent-Hunyuan/HunyuanVideo/blob/main/LICENSE.txt",
    QWEN_LICENCE: "https://www.apache.org/licenses/LICENSE-2.0",
}
PATTERNS = ("LICENSE*", "LICENCE*", "NOTICE*")
OWN_NOTICE = "NOTICE"  # written from the card, so never carried from a folder of ours


@dataclass(frozen=True)
class Carried:
    """An upstream licence file and the part of the model it belongs to ("" for all of it)."""

    part: str
    path: Path

    @property
    def name(self) -> str:
        """Its name in a folder of ours."""
        mark = f"-{self.part}" if self.part else ""
        return f"{self.path.stem}{mark}{self.path.suffix}"


def licence_files(part: str, *folders: Path) -> tuple[Carried, ...]:
    """Licence files that lie in the first of `folders` that has any."""
    for folder in folders:
        found = {path for pattern in PATTERNS for path in folder.glob(pattern) if path.is_file()}
        if not part:
            found = {path for path in found if path.name != OWN_NOTICE}
        if found:
            return tuple(Carried(part, path) for path in sorted(found))
    return ()


def base_origin(source: str) -> Origin:
    """Where HunyuanVideo's transformer comes from."""
    return Origin("transformer", f"HunyuanVideo by Tencent ({source})", HUNYUAN_LICENCE)


def published_origins(source: str) -> tuple[Origin, ...]:
    """Where the published weights come from, and what they were trained from."""
    trained = Origin("transformer, conditioner", f"published VINO weights ({source})", VINO_LICENCE)
    return trained, Origin("transformer", "trained from HunyuanVideo by Tencent", HUNYUAN_LICENCE)


def carry(folder: Path, files: Sequence[Carried], origins: Iterable[Origin]) -> None:
    """Copy licence files into `folder` and write a NOTICE that names every origin."""
    for carried in files:
        shutil.copyfile(carried.path, folder / carried.name)
    lines = [_notice(origin) for origin in origins]
    if lines:
        (folder / OWN_NOTICE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def hub_licence(card: Card) -> dict[str, Any]:
    """The licence in the fields of a model hub's card, which knows some by name."""
    known = {VINO_LICENCE: "cc-by-nc-4.0", "Apache-2.0": "apache-2.0"}
    if card.licence in known:
        return {"license": known[card.licence]}
    if not card.licence:
        return {"license": "unknown"}
    name = re.sub(r"[^a-z0-9.]+", "-", card.licence.lower()).strip("-")
    link = WHERE.get(card.licence)
    return {"license": "other", "license_name": name} | ({"license_link": link} if link else {})


def _notice(origin: Origin) -> str:
    where = WHERE.get(origin.licence)
    return f"{origin.part}: {origin.source}; {origin.licence}" + (f", {where}" if where else "")
