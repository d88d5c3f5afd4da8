"""From a decision to orders: execution, protection, orders by hand."""
