"""Subscriptions, resource groups and locations."""
