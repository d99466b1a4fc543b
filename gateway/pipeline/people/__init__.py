"""The use-cases about people: who comes in, who may, how they are let in, and who looks after it."""
