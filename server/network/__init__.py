"""Where requests come from: the client's address, the site it belongs to, and what of it may be kept.

An address goes no further than this package. What leaves it is the name of a site, as the operator wrote it,
and the form in which the configuration allows an address to be kept, if any.
"""
