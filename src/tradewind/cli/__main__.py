"""`python -m tradewind.cli`."""

from tradewind.cli.entry import main

main()
