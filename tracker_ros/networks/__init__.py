"""Networks as plain modules; torchvision's state-dict names where torchvision has the network."""
