"""Which receptacle types take which object types."""

from ..tasks.affordances import COMPATIBLE


def takes(receptacle_type: str, object_type: str) -> bool:
    """Whether an object may lie in or on a receptacle; types without an entry go anywhere."""
    return object_type not in COMPATIBLE or receptacle_type in COMPATIBLE[object_type]
