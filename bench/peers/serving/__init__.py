"""``digit-infer serve`` beside real Triton: the same protocol, the same clients, the same network."""
