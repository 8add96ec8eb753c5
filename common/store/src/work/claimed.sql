SELECT attempt FROM claim WHERE attempt = ANY($1)
