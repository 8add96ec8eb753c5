INSERT INTO audit_event (at, actor, action, subject, details) VALUES ($1, $2, $3, $4, $5::json)
