"""Which GPU a measurement runs on: the lanes of this host, their leases, and an Ollama server for each lane."""
