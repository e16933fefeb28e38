"""The harness behind ``digit-infer bench``."""
