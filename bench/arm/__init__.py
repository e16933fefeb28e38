"""Every file of the wheel on emulated ARM (aarch64), beside its answers here: agreement, and no times."""
