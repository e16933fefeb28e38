"""Pages on our own networks and on all networks together: model cards, and accuracy against what it costs."""
