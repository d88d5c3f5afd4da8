"""What may stop an order before it is sent: the latch and the guards."""
