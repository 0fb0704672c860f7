"""The smoke test's rooms: one module per modality (text, audio, vision), all of one shape."""
