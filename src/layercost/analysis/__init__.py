"""What a model costs to train, to keep in memory and to run: figures, each with its convention."""
