"""`python -m tradewind.cli`."""

from tradewind.cli.main import main

main()
