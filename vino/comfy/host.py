"""What ComfyUI itself offers while a node runs; outside of it there is nothing to tell."""

from vino.generate import Progress, Watcher

PREVIEW_SIDE = 512  # pixels


def watcher(previews: bool) -> Watcher | None:
    """Advances ComfyUI's progress bar, and stops when its user interrupts.

    previews: show what is there so far after every step, which takes one decoding each.
    """
    try:
        from comfy import model_management, utils
    except ImportError:
        return None
    bar = utils.ProgressBar(1)

    def watch(progress: Progress) -> None:
        model_management.throw_exception_if_processing_interrupted()
        shown = ("JPEG", progress.preview()[0].picture(), PREVIEW_SIDE) if previews else None
        bar.update_absolute(progress.step, progress.steps, shown)

    return watch
