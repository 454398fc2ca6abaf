"""Worlds as documents: seeded, exported, and made from what az prints of a real estate."""
