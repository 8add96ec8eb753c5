UPDATE action SET disabled = true WHERE reference = $1
