"""Models in a browser: its packages, what the files of the wheel answer there, and an example page."""
