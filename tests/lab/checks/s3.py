"""Asks a registry as a client that is not the product's: boto3, with a key and a CA from the environment.

  s3.py ENDPOINT twelve BUCKET KEY VERSION   twelve operations; a line `name yes|no` each
  s3.py ENDPOINT list BUCKET                 prints the keys
  s3.py ENDPOINT prepare BUCKET KEY          puts KEY twice; prints the first version
  s3.py ENDPOINT put BUCKET KEY BYTES        prints `done` or the code of the refusal
  s3.py ENDPOINT expiry BUCKET               prints the rules of expiry as JSON
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REFUSED = {"AccessDenied", "403", "Forbidden"}


def answer(call):
    """`done`, or the code of the refusal."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "done"


def twelve(s3, bucket, key, version):
    """Each operation by itself, so that none hides another."""
    at = {"Bucket": bucket}
    tags = {"TagSet": [{"Key": "a", "Value": "b"}]}
    operations = {
        "HeadBucket": lambda: s3.head_bucket(**at),
        "GetBucketLocation": lambda: s3.get_bucket_location(**at),
        "ListObjectsV2": lambda: s3.list_objects_v2(**at),
        "ListObjectVersions": lambda: s3.list_object_versions(**at),
        "GetObject": lambda: s3.get_object(Key=key, **at)["Body"].read(),
        "GetObjectVersion": lambda: s3.get_object(Key=key, VersionId=version, **at)["Body"].read(),
        "PutObject": lambda: s3.put_object(Key="new", Body=b"x", **at),
        "CreateMultipartUpload": lambda: s3.create_multipart_upload(Key="parts", **at),
        "PutObjectTagging": lambda: s3.put_object_tagging(Key=key, Tagging=tags, **at),
        "DeleteObject": lambda: s3.delete_object(Key="new", **at),
        "DeleteObjectVersion": lambda: s3.delete_object(Key=key, VersionId=version, **at),
        "CreateBucket": lambda: s3.create_bucket(Bucket="another"),
    }
    for name, call in operations.items():
        code = answer(call)
        if code != "done" and code not in REFUSED:
            sys.exit(f"{name}: neither done nor refused: {code}")
        print(name, "yes" if code == "done" else "no")


def main():
    endpoint, what, *rest = sys.argv[1:]
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, proxies={})
    s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config)
    if what == "twelve":
        twelve(s3, *rest)
    elif what == "prepare":
        bucket, key = rest
        first = s3.put_object(Bucket=bucket, Key=key, Body=b"1")
        s3.put_object(Bucket=bucket, Key=key, Body=b"2")
        print(first["VersionId"])
    elif what == "list":
        print(*(found["Key"] for found in s3.list_objects_v2(Bucket=rest[0]).get("Contents", [])))
    elif what == "put":
        bucket, key, size = rest
        print(answer(lambda: s3.put_object(Bucket=bucket, Key=key, Body=b"\0" * int(size))))
    elif what == "expiry":
        print(json.dumps(s3.get_bucket_lifecycle_configuration(Bucket=rest[0])["Rules"]))


main()
