"""What a measurement has to know of the machine: cores, processes, names and versions."""
