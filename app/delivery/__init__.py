"""What leaves the house: webhooks are called, fed from the outbox that the engine writes."""
