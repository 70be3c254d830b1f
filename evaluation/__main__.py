"""`python -m evaluation [evaluate|report|compare] [config.yaml] [key=value ...]`; `evaluate` where no verb is said."""

import sys

from llamafactory_embodied.cli import main

_VERBS = ("evaluate", "report", "compare")

if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(main(words if words[:1] and words[0] in _VERBS else ["evaluate", *words]))
