"""Plots as inline SVG, without a library; each takes a width, for a page shows one for a desk and one for a phone."""
