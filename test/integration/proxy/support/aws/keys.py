"""Makes a user and a session at a moto server that does not verify its first six calls, and prints their keys."""
import json
import sys

import boto3

url = sys.argv[1]
allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
trust = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def client(service):
    return boto3.client(
        service, region_name="us-east-1", endpoint_url=url, aws_access_key_id="none", aws_secret_access_key="none"
    )


iam = client("iam")
iam.create_user(UserName="bellhop")
iam.put_user_policy(UserName="bellhop", PolicyName="all", PolicyDocument=json.dumps(allow))
key = iam.create_access_key(UserName="bellhop")["AccessKey"]
role = iam.create_role(RoleName="bellhop", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
iam.put_role_policy(RoleName="bellhop", PolicyName="all", PolicyDocument=json.dumps(allow))
session = client("sts").assume_role(RoleArn=role, RoleSessionName="bellhop")["Credentials"]
names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
print(json.dumps({"user": {n: key[n] for n in names[:2]}, "session": {n: session[n] for n in names}}))
