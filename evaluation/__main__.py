"""`python -m evaluation [config.yaml] [key=value ...]`: the verb `evaluate` without the rest of the command line."""

import sys

from llamafactory_embodied.cli import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]]))
