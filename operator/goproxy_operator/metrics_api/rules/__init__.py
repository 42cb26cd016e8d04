"""What the metrics API decides: whom it trusts, how its certificates are made, what rate it answers. Pure."""
