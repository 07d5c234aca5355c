"""The Python client: calls any operation of the API and installs skills."""
