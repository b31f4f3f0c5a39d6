"""Pieces that several pages use: charts, marks in texts, forms, live parts."""
