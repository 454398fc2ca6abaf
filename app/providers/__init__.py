"""What Azure calls Microsoft.Something, one folder per namespace."""
