"""The plugin proper: the only place that imports LLaMA-Factory."""
