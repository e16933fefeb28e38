"""One way to ask a model by hand a file: ``open_call(path, batch)`` gives uint8 [N, 28, 28] -> float32 [N, 10].

Each is what a user would write with that library alone, and runs in an environment where it is installed.
"""
