"""Errors a user can cause: one line that names what is wrong, which input, and what to do."""


class VinoError(Exception):
    """Base of every error the command line prints as one line, with exit code 2."""


class InputError(VinoError, ValueError):
    """A prompt, file or setting that cannot be used as given."""


class CheckpointError(VinoError):
    """Weights that are missing, damaged, or of another model."""
