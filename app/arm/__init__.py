"""The front door: Azure Resource Manager as a protocol, and nothing else."""
