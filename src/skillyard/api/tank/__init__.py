"""The API that Tank's command line and SDKs speak (their registry's `/api/v1`), over this registry."""
