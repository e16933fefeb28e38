"""Models in a browser: the packages, the answers of the bundled files there, and an example page."""
