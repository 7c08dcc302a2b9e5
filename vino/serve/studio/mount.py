"""The studio under /studio of a server's application."""

import importlib.util
import os
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.routing import Mount

from vino.serve.fetch import NO_URLS
from vino.serve.service import Service
from vino.serve.studio import PATH, door

if TYPE_CHECKING:
    import gradio

_FONT = ("system-ui", "-apple-system", "Segoe UI", "sans-serif")
_MONO = ("ui-monospace", "Menlo", "Consolas", "monospace")
_SWEEP, _KEPT = 3600, 86_400  # seconds: how often uploads are looked at, and how long they stay


def is_installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("gradio") is not None


@dataclass(frozen=True, eq=False)
class Studio:
    """A mounted studio.

    app: Gradio's application. folder: where uploads wait until a job takes a copy.
    """

    app: Any
    folder: tempfile.TemporaryDirectory

    def stop(self) -> None:
        """End the streams to open pages, so that the server can stop."""
        self.app.stop_event.set()

    def close(self) -> None:
        self.folder.cleanup()


def mount(app: FastAPI, service: Service) -> Studio:
    """Add the studio to an application, whose state has the service and the keys."""
    folder = tempfile.TemporaryDirectory(prefix="vino-studio-")  # readable by the server alone
    os.environ["GRADIO_TEMP_DIR"] = folder.name
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr

    from vino.serve.studio.acts import Acts
    from vino.serve.studio.page import lay_out, wire

    _fetch_nothing()
    with gr.Blocks(
        title="vino studio", analytics_enabled=False, delete_cache=(_SWEEP, _KEPT), fill_width=True
    ) as blocks:
        page = lay_out()
        wire(page, blocks, Acts(service, page, Path(folder.name)))
    assets = files("vino.serve.studio").joinpath("assets")
    app.include_router(door.router)
    gr.mount_gradio_app(
        app, blocks, path=PATH, footer_links=[], run_history=False, ssr_mode=False, pwa=False,
        mcp_server=False, enable_monitoring=False, show_error=False,
        max_file_size=service.settings.max_body, theme=_theme(),
        css=assets.joinpath("studio.css").read_text("utf-8"),
        head=assets.joinpath("head.html").read_text("utf-8")
        + f"<script>{assets.joinpath('studio.js').read_text('utf-8')}</script>",
    )  # fmt: skip
    (mounted,) = (route.app for route in app.routes if isinstance(route, Mount))
    return Studio(mounted, folder)


def _fetch_nothing() -> None:
    """Gradio fetches a file that a message says is behind a URL; here files are uploaded."""
    import gradio as gr
    from gradio import processing_utils

    async def refuse(url: str, cache_dir: str) -> str:
        raise gr.Error(NO_URLS, print_exception=False)

    processing_utils.async_ssrf_protected_download = refuse


def _theme() -> "gradio.themes.Base":
    """Fonts of the machine: nothing is fetched."""
    import gradio as gr

    return gr.themes.Base(
        primary_hue=gr.themes.colors.rose, neutral_hue=gr.themes.colors.stone,
        radius_size=gr.themes.sizes.radius_md, font=_FONT, font_mono=_MONO,
    )  # fmt: skip
