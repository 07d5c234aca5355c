"""Any OpenAPI document as an integration."""
