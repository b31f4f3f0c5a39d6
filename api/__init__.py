"""REST blueprints, one resource a module."""
