"""``python -m layercost`` is the command ``layercost``."""

import sys

from layercost.command import main

sys.exit(main())
