"""Boseat: its samples, its protocol, its client against its simulator, and the simulator itself."""
