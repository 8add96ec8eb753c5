SELECT sensor, state, restarts, message, at FROM sensor_status ORDER BY sensor
