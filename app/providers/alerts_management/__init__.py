"""Microsoft.AlertsManagement: what Azure Monitor shows of alerts, and what users make of them."""
