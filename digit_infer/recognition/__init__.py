"""Recognises what pictures show: which ink is believed, pages of digits, touching digits; and draws results."""
