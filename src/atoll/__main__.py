"""`python -m atoll`."""

import sys

from atoll.cli import main_of_process

if __name__ == "__main__":
    sys.exit(main_of_process())
