"""The use-cases, in the order in which a file meets them; those about people are `pipeline.people`."""
