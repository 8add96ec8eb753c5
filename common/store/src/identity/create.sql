INSERT INTO identity (id, login, role, password_hash) VALUES ($1, $2, $3, $4)
