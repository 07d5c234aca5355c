"""Skills that are invoked: their offers, invocations, how they are delivered and paid."""
