"""From episodes to training data."""
