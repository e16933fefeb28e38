"""Alternatives to ``Predictor.predict`` that a user would write or install, on the same pictures, from file to digit.

Recipes with computer vision libraries convert a picture to MNIST's form for the same network; OCR engines bring their own
networks. Each runs in its own environment.
"""
