"""Reads pages of digits, splits touching ones, and draws results."""
