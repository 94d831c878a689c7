"""The claims that texts on transfer learning make, each an experiment with seeds, an interval and a verdict."""
