SELECT archive FROM pack_version WHERE content_hash = $1
