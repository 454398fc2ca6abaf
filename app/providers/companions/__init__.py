"""The resources of other namespaces that backup and restore touch."""
