SELECT cursor FROM sensor_cursor WHERE sensor = $1
