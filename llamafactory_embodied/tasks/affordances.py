"""What an agent may know of a room of a type beforehand: which receptacles take a thing, and where it usually is.

The tables are the world's: rooms are furnished by the same ones.
"""

from ..world.compatibility import COMPATIBLE
from ..world.places import places, usual_places

__all__ = ["COMPATIBLE", "places", "usual_places"]
