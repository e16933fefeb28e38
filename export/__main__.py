"""``python -m export``: from a trained Keras model to deployable files, each proven."""

from export.cli import main

if __name__ == "__main__":
    main(prog_name="python -m export")
