UPDATE api_token SET revoked_at = coalesce(revoked_at, now()) WHERE identity = $1 AND id = $2
