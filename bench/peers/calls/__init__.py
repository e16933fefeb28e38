"""Ways to call a model by hand: ``open_call(path, batch)`` returns a function uint8 [N, 28, 28] -> float32 [N, 10].

Each is what a user would write with that library, and runs in an environment that has it.
"""
