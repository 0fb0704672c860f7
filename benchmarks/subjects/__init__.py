"""What is measured: one module a subject. Each has

TITLE, ABOUT   what is compared, and under which conditions; for the page
TIMES, WARM    counted rounds where nobody says otherwise; whether one before them warms and does not count
cases(place)   the commands, ours first. Servers that they need are entered into `place.open`
"""
