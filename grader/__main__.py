"""`python -m grader`."""

import sys

from grader.command import main

if __name__ == "__main__":
    sys.exit(main())
