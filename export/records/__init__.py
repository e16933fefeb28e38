"""Measurements over all networks that documents are written from, each with the command that makes it."""
