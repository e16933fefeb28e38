"""``digit-infer serve`` compared with Triton: the same protocol, clients and network."""
