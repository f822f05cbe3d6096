"""All rooms of this process: clients and relays on one side, the pure rooms on the other. `manager.py` is the
entrance.
"""
