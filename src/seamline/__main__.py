"""``python -m seamline``."""

import sys

from seamline.cli import main

if __name__ == "__main__":
    sys.exit(main())
