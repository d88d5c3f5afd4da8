"""What the account holds, by the journal: orders and the wallet."""
