-- Whether the name is that of an action that is no workflow and can be run.
SELECT 1 FROM action WHERE reference = $1 AND present AND def ->> 'runner' <> 'workflow'
