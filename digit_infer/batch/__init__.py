"""Millions of pictures: Daft reads them and calls an ``Answerer`` in its workers; the answers become Parquet files."""
