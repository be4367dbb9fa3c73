"""`python -m node` is the command `pictophone`."""

from node.cli import main

main()
