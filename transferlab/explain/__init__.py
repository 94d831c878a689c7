"""See inside a network: its filters, its activations, what an answer rests on, how far each stage has drifted."""
