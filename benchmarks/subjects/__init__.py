"""What is measured: one module a subject, each with NAME, TITLE and `cases(place)`; the first case is ours."""
