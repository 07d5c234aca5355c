"""Programs run under exactly the permissions that were given to them; or they do not run.

It knows nothing of registries: a server and the command line on a laptop run the same skill in the same way.
"""
