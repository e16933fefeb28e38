"""Pictures of the pages, drawn from the same records."""
