"""Medical knowledge as cited data files, and pure functions over it."""
