"""Condas that are really broken, each: break it, and the doctor names exactly that; its healthy twin, and nothing is said."""
