"""Where a user's own keys and records are kept."""

import os
from pathlib import Path

HOME_VARIABLE = "VINO_HOME"


def home() -> Path:
    """$VINO_HOME, else vino in the user's data folder; it may not exist yet."""
    if own := os.environ.get(HOME_VARIABLE):
        return Path(own)
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "vino"
