"""The one engine: bars and fills in, decisions out."""
