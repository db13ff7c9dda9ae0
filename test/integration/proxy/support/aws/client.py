"""What a program in a sandbox does with AWS's own library: it has a placeholder for a key."""
import json
import sys
import urllib.request

import boto3
from botocore.config import Config

REGION = "eu-central-1"


def client(service, **config):
    return boto3.client(service, region_name=REGION, config=Config(retries={"max_attempts": 1}, **config))


def objects(style, checksums):
    s3 = client("s3", s3={"addressing_style": style}, request_checksum_calculation=checksums)
    s3.put_object(Bucket="acme", Key="a/b c.txt", Body=b"x" * 100_000, Metadata={"note": "a  b"})
    got = s3.get_object(Bucket="acme", Key="a/b c.txt", Range="bytes=0-9")
    listed = s3.list_objects_v2(Bucket="acme", Prefix="a")
    return [got["Body"].read().decode(), got["Metadata"], [each["Key"] for each in listed["Contents"]]]


def payload_signing():
    s3 = client("s3", s3={"payload_signing_enabled": True})
    s3.put_object(Bucket="acme", Key="signed", Body=b"signed")
    return s3.get_object(Bucket="acme", Key="signed")["Body"].read().decode()


def presigned():
    s3 = client("s3")
    put = s3.generate_presigned_url("put_object", Params={"Bucket": "acme", "Key": "presigned", "StorageClass": "STANDARD_IA"})
    urllib.request.urlopen(urllib.request.Request(put, method="PUT", data=b"by URL", headers={"Content-Type": "", "X-Amz-Storage-Class": "STANDARD_IA"}))
    get = s3.generate_presigned_url("get_object", Params={"Bucket": "acme", "Key": "presigned"})
    answer = urllib.request.urlopen(get)
    stored = s3.head_object(Bucket="acme", Key="presigned")["StorageClass"]
    return [answer.read().decode(), stored]


def table():
    dynamodb = client("dynamodb", account_id_endpoint_mode="preferred")
    key = {"id": {"S": "ü"}}
    dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="t", Item={**key, "v": {"N": "1"}})
    return dynamodb.get_item(TableName="t", Key=key)["Item"]["v"]["N"]


def stream():
    kinesis = client("kinesis", account_id_endpoint_mode="preferred")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    return kinesis.put_record(StreamName="s", Data=b"x" * 50_000, PartitionKey="a")["ShardId"]


def queue():
    sqs = client("sqs")
    return sqs.create_queue(QueueName="q")["QueueUrl"].rsplit("/", 1)[1]


CASES = {
    "virtual host, checksum behind the body": lambda: objects("virtual", "when_supported"),
    "path style, no checksum": lambda: objects("path", "when_required"),
    "payload signing": payload_signing,
    "presigned URLs": presigned,
    "DynamoDB at the endpoint of an account": table,
    "Kinesis at the endpoint of an account": stream,
    "SQS": queue,
    "STS of a region": lambda: client("sts").get_caller_identity()["Arn"],
    "STS of all regions": lambda: boto3.client("sts", region_name="us-east-1", endpoint_url="https://sts.amazonaws.com").get_caller_identity()["Arn"],
}

for name in sys.argv[1:]:
    try:
        result = CASES[name]()
    except Exception as error:
        result = f"failed: {error!r}"
    print(json.dumps([name, result]), flush=True)
