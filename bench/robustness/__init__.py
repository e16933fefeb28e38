"""What a network answers where pictures are not as MNIST's: damaged, taken by users, of no digit; and how sure it is."""
