"""The pictures on the pages, drawn from the same records."""
