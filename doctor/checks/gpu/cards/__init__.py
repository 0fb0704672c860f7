"""Each card that is here: is it whole, does it have its driver, what slows it down?"""
