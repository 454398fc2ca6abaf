"""Microsoft.RecoveryServices: vaults."""
