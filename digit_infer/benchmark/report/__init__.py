"""A record as tables, Markdown, CSV and an HTML page with plots, and a recommendation."""
