"""Microsoft.Authorization: roles, and who has them where."""
