"""A searcher that takes over: others' actions first, whatever they were, then its own."""

from collections.abc import Mapping, Sequence

from ..tasks.habits import Habits
from ..world.action import Action
from .policy import SearcherPolicy, View

_ATTENTIVE = Habits(mends=True)


class Takeover(SearcherPolicy):
    """Plays a prefix of each episode, then the searcher, which has watched; replies it disagrees with are slips."""

    name = "takeover"

    def __init__(self, prefixes: Mapping[str, Sequence[Action]]):
        """Sets up.

        Args:
            prefixes: by episode, what is done first, without `end`; nothing for an episode that is not among them.
        """
        super().__init__()
        self._prefixes = prefixes

    def _habits(self, view: View) -> Habits:
        return _ATTENTIVE

    def _slip(self, view: View) -> Action | None:
        turn, prefix = len(view.messages) // 2 - 1, self._prefixes.get(view.episode, ())
        return prefix[turn] if turn < len(prefix) else None
