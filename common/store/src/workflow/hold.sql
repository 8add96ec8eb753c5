-- One change of the catalogue at a time; readers of the generation do not wait.
SELECT generation FROM installation FOR UPDATE
