"""`python -m cli`: the command `provodka`."""

from cli import main

main()
