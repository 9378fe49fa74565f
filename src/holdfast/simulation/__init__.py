"""What every provider simulator shares: faults, webhook delivery, and the control side apart from the API."""
