SELECT hash, reference, version, program, source FROM workflow_version WHERE hash = $1
