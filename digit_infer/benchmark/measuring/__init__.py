"""What runs inside a measuring process: it opens one system, asks it, and keeps the time."""
