"""Host names that lead nowhere, on purpose.

With Azure's own a client would go to the Internet, with its token, for what is not emulated.
"""

from __future__ import annotations

NOWHERE = "rsvault.invalid"
KEY_VAULTS = f"vault.{NOWHERE}"
STORAGE = f"core.{NOWHERE}"
