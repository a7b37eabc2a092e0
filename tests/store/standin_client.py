"""A client of MongoDB's protocol for standin_test.cpp: `standin_client.py COMMAND URL`. Exit code 0 when all is as it should be."""

import sys

import gridfs
import pymongo

CHUNK = 131072
CONTENT = bytes(range(256)) * 4096  # 1 MiB
WAIT = {"serverSelectionTimeoutMS": 2000, "connectTimeoutMS": 2000, "socketTimeoutMS": 2000}


def put(database):
    gridfs.GridFSBucket(database, chunk_size_bytes=CHUNK).upload_from_stream_with_id("blob", "name", CONTENT)


def get(database):
    stream = gridfs.GridFSBucket(database).open_download_stream("blob")
    assert stream.read() == CONTENT
    assert stream.chunk_size == CHUNK
    assert database["fs.chunks"].count_documents({"files_id": "blob"}) == len(CONTENT) // CHUNK


def absent(database):
    assert database["fs.files"].count_documents({}) == 0


def ping(database):
    database.command("ping")


# It says nothing: what is there, or an error other than of the connection, fails.
def refused(database):
    try:
        database.command("ping")
    except (pymongo.errors.ServerSelectionTimeoutError, pymongo.errors.AutoReconnect):
        return
    raise AssertionError("it answers")


def main():
    command, url = sys.argv[1:]
    with pymongo.MongoClient(url, **WAIT) as client:
        {"put": put, "get": get, "absent": absent, "ping": ping, "refused": refused}[command](client.get_default_database())


if __name__ == "__main__":
    main()
