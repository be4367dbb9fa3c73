"""`python -m node` is the command `pictophone`."""

from node.commands import main

main()
