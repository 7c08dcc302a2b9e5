"""train."""

from argparse import Namespace

from vino.cli.console import Console


def train(args: Namespace, console: Console) -> int:
    """Carry out a training run, or go on with it."""
    from vino.train.run import main

    return main([args.recipe, *args.settings], quiet=not console.shows_progress, as_json=args.json)
