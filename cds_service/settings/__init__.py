"""Environment and site file -> one frozen value, every fault named at once."""
