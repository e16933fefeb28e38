"""The code of a measuring process, which opens one system and times its queries."""
