"""rsvault: a REST service that behaves like an Azure Recovery Services vault."""
