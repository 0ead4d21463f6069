"""Registers: the lasting legal facts and the invariants that protect them."""
