"""`python -m urbanecon` is the command line."""

import sys

from urbanecon.cli import main

if __name__ == "__main__":
    sys.exit(main())
