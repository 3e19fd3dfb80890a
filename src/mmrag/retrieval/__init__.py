"""Two legs that cannot drown each other, merged into one result."""
