"""The parts of the benchmark `optimize`: its tasks, its contestants, and the model they share."""
