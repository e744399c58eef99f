"""What a call costs: Seamline beside others, measured in turns on this machine."""
