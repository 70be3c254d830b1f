"""Looks at a data set before it is trained on: lint, statistics, a sample as the trainer gets it, Parquet shards."""
