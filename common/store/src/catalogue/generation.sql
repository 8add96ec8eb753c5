SELECT generation FROM installation
