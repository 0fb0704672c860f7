"""One small module a step, all of the shape that bootstrap/step.py describes."""
