"""Entry point of a worker process: ``python -m seamline.worker``, started by the supervisor."""

import sys

from seamline.worker.entry import main

# Guarded, because multiprocessing imports this module again in the application's children.
if __name__ == "__main__":
    sys.exit(main())
