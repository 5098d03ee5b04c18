"""What Sagaloom costs, measured: `python -m bench`. Stands alone; nothing in the product imports it."""
