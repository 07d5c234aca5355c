"""The ground: database, jobs, blobs and the rest. Knows nothing of skills."""
