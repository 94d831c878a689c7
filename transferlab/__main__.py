"""The command `transferlab` where only a module can be named, as under torchrun.

torchrun --nproc-per-node 2 -m transferlab run
"""

import sys

from transferlab.cli import main

if __name__ == "__main__":
    sys.exit(main())
