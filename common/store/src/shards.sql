SELECT shards FROM installation
