"""A picture that is made when it is read: an episode that asks for metadata alone pays for none."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .camera import Camera
from .primitive import Primitive
from .raycast import View, cast, shade


class Picture:
    """What one camera sees of some solids."""

    def __init__(self, solids: Sequence[Primitive], camera: Camera):
        self._solids, self._camera = solids, camera

    @cached_property
    def view(self) -> View:
        """Owner and depth of each pixel."""
        return cast(self._solids, self._camera)

    def frame(self) -> NDArray[np.uint8]:
        """The shaded picture [height, width, 3], RGB, top row first; a new array each time."""
        return shade(self.view, self._solids, self._camera)
