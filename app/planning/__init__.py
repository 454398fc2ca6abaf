"""Planning: what policies would do to VMs over years, lived by the engine in a scratch world."""
