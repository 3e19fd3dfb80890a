"""``python -m mmrag`` is the command line."""

from mmrag.cli import main

main()
