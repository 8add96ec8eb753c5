INSERT INTO sensor_status (sensor, state, restarts, message, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (sensor) DO UPDATE
SET state = excluded.state, restarts = excluded.restarts, message = excluded.message,
    at = excluded.at
