"""Shapes, types and ranges of what comes in and goes out; they never query."""
