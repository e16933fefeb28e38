"""Behaviour on pictures unlike MNIST's: corrupted, drawn, real, and out of distribution; and calibration."""
