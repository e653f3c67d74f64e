"""An S3 client that is not the product's, asked by lines of JSON on standard input: boto3, with a key and a CA from
the environment. `client.py ENDPOINT` answers each line with one: `{"do": NAME, "bucket": …}` with what was found,
or with `{"error": CODE}`.
"""

import hashlib
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def pages(s3, name, **at):
    """The pages of a listing, whose keys are given as they are."""
    return s3.get_paginator(name).paginate(**at)


def objects(s3, bucket, prefix=""):
    """Keys with their sizes."""
    found = pages(s3, "list_objects_v2", Bucket=bucket, Prefix=prefix)
    return [[row["Key"], row["Size"]] for page in found for row in page.get("Contents", [])]


def versions(s3, bucket, prefix=""):
    """Versions and delete markers."""
    rows = []
    for page in pages(s3, "list_object_versions", Bucket=bucket, Prefix=prefix):
        for kind in ("Versions", "DeleteMarkers"):
            for row in page.get(kind, []):
                about = {"key": row["Key"], "id": row["VersionId"], "latest": row["IsLatest"]}
                rows.append({**about, "marker": kind == "DeleteMarkers"})
    return rows


def uploads(s3, bucket, prefix=""):
    """Unfinished uploads."""
    answer = s3.list_multipart_uploads(Bucket=bucket, Prefix=prefix)
    return [[row["Key"], row["UploadId"]] for row in answer.get("Uploads", [])]


def parts(s3, bucket, key, upload):
    """The sizes of the parts that an upload has."""
    return [row["Size"] for row in s3.list_parts(Bucket=bucket, Key=key, UploadId=upload).get("Parts", [])]


def begin(s3, bucket, key, size):
    """An upload with one part of so many bytes, left as it is."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"\0" * size)
    return upload


def put(s3, bucket, key, text):
    """A small object."""
    return s3.put_object(Bucket=bucket, Key=key, Body=text.encode()).get("VersionId")


def digest(s3, bucket, key):
    """The SHA-256 of an object's bytes, counted here."""
    counted = hashlib.sha256()
    for piece in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(1 << 20):
        counted.update(piece)
    return counted.hexdigest()


def about(s3, bucket, key):
    """What is noted of an object."""
    found = s3.head_object(Bucket=bucket, Key=key)
    return {"type": found.get("ContentType"), "metadata": found["Metadata"], "size": found["ContentLength"]}


def tags(s3, bucket, key):
    """The tags of an object."""
    found = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found}


def buckets(s3):
    """The names of the buckets."""
    return [row["Name"] for row in s3.list_buckets()["Buckets"]]


def bucket(s3, name, versions):
    """Makes a bucket, with or without versions."""
    s3.create_bucket(Bucket=name)
    if versions:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def main():
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}, proxies={})
    s3 = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1", config=config)
    known = {f.__name__: f for f in (objects, versions, uploads, parts, begin, put, digest, about, tags, buckets, bucket)}
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = known[asked.pop("do")](s3, **asked)
        except ClientError as error:
            answer = {"error": error.response["Error"]["Code"]}
        print(json.dumps(answer), flush=True)


main()
