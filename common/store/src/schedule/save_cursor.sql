INSERT INTO sensor_cursor (sensor, cursor) VALUES ($1, $2::json)
ON CONFLICT (sensor) DO UPDATE SET cursor = excluded.cursor, saved_at = now()
