"""The network that marks ink: what it learns from, what it is, and how it is judged while it learns."""
