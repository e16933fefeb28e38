"""What a picture shows: one digit, or all digits of a page; and drawings of what was recognised."""
