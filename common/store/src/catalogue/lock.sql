-- One change of the catalogue at a time; readers of the generation do not wait.
UPDATE installation SET generation = generation + 1
