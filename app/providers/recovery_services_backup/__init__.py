"""Microsoft.RecoveryServices: what Azure Backup keeps inside a vault."""
