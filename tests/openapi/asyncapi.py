"""Whether a document is what the schema of AsyncAPI says: `asyncapi.py SCHEMA DOCUMENT`."""

import json
import sys

import jsonschema

schema, document = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:3])
found = list(jsonschema.Draft7Validator(schema).iter_errors(document))
for error in found:
    print(list(error.absolute_path), error.message, file=sys.stderr)
sys.exit(1 if found else 0)
