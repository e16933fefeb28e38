"""What a user would write or install instead of ``Predictor.predict``, answering the same pictures, from file to digit.

Recipes with libraries of computer vision bring a picture into MNIST's form, and the same network answers them; readers of
print bring their own networks. Each runs in an environment that holds what it needs.
"""
