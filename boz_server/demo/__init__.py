"""A simulated agent, worker and person, for people without an optical drive at hand.

They talk to a running server only by REST, like real ones, and never import its rules.
"""
