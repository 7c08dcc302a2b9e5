"""python -m vino.cli, for installations whose scripts are not on the path."""

import sys

from vino.cli import main

sys.exit(main())
