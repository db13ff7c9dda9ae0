"""Verifies signatures with AWS's own library. One request a line as JSON, one answer a line."""
import base64
import hashlib
import json
import sys

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

access_key, secret_key = sys.argv[1:3]
EMPTY = hashlib.sha256(b"").hexdigest()


def problem_of(method, host, target, headers, body):
    authorization = headers.get("authorization", "")
    if not authorization.startswith("AWS4-HMAC-SHA256 Credential="):
        return "there is no signature"
    fields = dict(part.split("=", 1) for part in authorization.split(" ", 1)[1].split(", "))
    key, _day, region, service, _end = fields["Credential"].split("/")
    if key != access_key:
        return "the key is another one"
    said = headers.get("x-amz-content-sha256")
    if said and len(said) == 64 and said != hashlib.sha256(body).hexdigest():
        return "the body is not what was signed"
    if not said and body:
        return "the body is not signed"
    signed = {name: headers[name] for name in fields["SignedHeaders"].split(";")}
    request = AWSRequest(method=method, url=f"https://{host}{target}", data=body, headers=signed)
    request.context["timestamp"] = headers["x-amz-date"]
    kind = S3SigV4Auth if service == "s3" else SigV4Auth
    auth = kind(Credentials(access_key, secret_key, headers.get("x-amz-security-token")), service, region)
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    return None if signature == fields["Signature"] else f"SignatureDoesNotMatch: {canonical}"


for line in sys.stdin:
    asked = json.loads(line)
    body = base64.b64decode(asked["body"])
    print(json.dumps(problem_of(asked["method"], asked["host"], asked["target"], asked["headers"], body)), flush=True)
