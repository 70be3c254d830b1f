"""The household: scenes in AI2-THOR's metadata format and what can be done in them."""
