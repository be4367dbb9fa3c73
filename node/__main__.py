"""`python -m node` is the command `pictophone`."""

from node.commands.app import main

main()
