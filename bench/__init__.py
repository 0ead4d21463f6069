"""Benchmarks: how fast a step is, here and in a peer in the same run. Nothing here is a test."""
