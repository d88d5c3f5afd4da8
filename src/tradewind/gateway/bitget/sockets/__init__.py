"""Bitget's WebSockets: conversations, and the channels that they subscribe to."""
