INSERT INTO installation (shards) VALUES ($1) ON CONFLICT (one) DO NOTHING
