WITH gone AS (
    DELETE FROM lease_member WHERE family = $1 AND id = $2
)
UPDATE lease SET owner = NULL WHERE family = $1 AND owner = $2
