"""Where Bitget is reached: live, and in demo trading, which differs in a header and in the socket's host."""

HOSTS = ("bitget.com", "*.bitget.com")
