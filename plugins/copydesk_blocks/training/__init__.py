"""How the model is made, and how good it is on publishers that it has not seen."""
