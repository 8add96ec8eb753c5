DELETE FROM work_queue WHERE offered_at < now() - make_interval(secs => $1)
