"""Who is told what happened: webhooks, fed by events. Nobody imports this domain."""
