"""`market.Venue` made real."""

from tradewind.venues.paper import PaperVenue

__all__ = ["PaperVenue"]
