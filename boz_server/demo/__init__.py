"""A simulated agent, worker and person, for those who have no optical drive at hand.

They speak to a running server over REST alone, as the real ones do, and never import its rules.
"""
