"""A key that was used before is refused with another body, rightly: each that can be one is used once."""

import re
import uuid

import schemathesis

KEY = re.compile(r'^(?:[!#-~](?:[ !#-~]{0,253}[!#-~])?|"[ !#-~]{1,255}")\Z')


@schemathesis.hook
def before_call(context, case, kwargs):
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and KEY.match(key):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
