"""What is measured: one module a subject. Each has

TITLE, ABOUT   what is compared, and under which conditions; for the page
TIMES, WARM    counted rounds where nobody says otherwise; whether one before them warms and does not count
NEEDS          programs of others that are compared with, where there are any; missing ones are told before the start
cases(place)   the commands, ours first. Servers that they need are entered into `place.open`
"""
