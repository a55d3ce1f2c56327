"""What a model costs to train, to keep in memory and to run on a device: figures, each with its convention."""
