"""The network that marks ink: its training pictures, its layers, and its evaluation."""
