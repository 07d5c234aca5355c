"""People's accounts at outside APIs: how they are connected, kept, renewed and taken back."""
