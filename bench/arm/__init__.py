"""Compares the answers of every bundled file on emulated ARM (aarch64) with those here; nothing is timed."""
