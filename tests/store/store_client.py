"""Another program of MongoDB's world: `store_client.py URL COMMAND WORDS…`. What it finds out it prints; exit code 0 when it could.

put NAME FILE CHUNK      uploads a file in chunks of so many bytes
get NAME FILE            downloads the only file of that name
chunks                   how many chunks there are, and how many of them belong to no file
names                    of all files, in order
flip, shorten, lengthen, remove, remove-first, remove-middle, add-chunk, forget NAME
                         does damage to the file of that name: a bit, the last byte, one byte more, all chunks, one of them, one
                         more of them; the files document
insert COLLECTION JSON   a document
field COLLECTION ID NAME the field of one document, as Python writes it
"""

import json
import sys

import bson
import gridfs
import pymongo

WAIT = {"serverSelectionTimeoutMS": 10000, "connectTimeoutMS": 10000, "socketTimeoutMS": 60000}


class Client:
    def __init__(self, database):
        self.database = database
        self.files = database["fs.files"]
        self.kept = database["fs.chunks"]

    def put(self, name, path, chunk):
        with open(path, "rb") as content:
            gridfs.GridFSBucket(self.database, chunk_size_bytes=int(chunk)).upload_from_stream(name, content)

    def get(self, name, path):
        with open(path, "wb") as content:
            gridfs.GridFSBucket(self.database).download_to_stream_by_name(name, content)

    def chunks(self):
        owners = [chunk["files_id"] for chunk in self.kept.find({}, {"files_id": 1})]
        known = {file["_id"] for file in self.files.find({}, {"_id": 1})}
        print(len(owners), sum(owner not in known for owner in owners))

    def names(self):
        print("\n".join(sorted(file["filename"] for file in self.files.find({}))))

    def chunk(self, name, which):
        of_file = self.kept.find({"files_id": self.id_of(name)}, {"n": 1}).sort("n", 1)
        return self.kept.find_one({"_id": [chunk["_id"] for chunk in of_file][which]})

    def id_of(self, name):
        [file] = self.files.find({"filename": name})
        return file["_id"]

    def replace(self, chunk, data):
        self.kept.delete_one({"_id": chunk["_id"]})
        self.kept.insert_one({**chunk, "data": bson.Binary(data)})

    def flip(self, name):
        chunk = self.chunk(name, 0)
        data = bytearray(chunk["data"])
        data[len(data) // 2] ^= 1
        self.replace(chunk, bytes(data))

    def shorten(self, name):
        chunk = self.chunk(name, -1)
        self.replace(chunk, chunk["data"][:-1])

    def lengthen(self, name):
        chunk = self.chunk(name, -1)
        self.replace(chunk, chunk["data"] + b"x")

    def remove(self, name):
        self.kept.delete_many({"files_id": self.id_of(name)})

    def remove_first(self, name):
        self.kept.delete_one({"_id": self.chunk(name, 0)["_id"]})

    def remove_middle(self, name):
        self.kept.delete_one({"_id": self.chunk(name, 1)["_id"]})

    def add_chunk(self, name):
        last = self.chunk(name, -1)
        self.kept.insert_one({"files_id": last["files_id"], "n": last["n"] + 1, "data": bson.Binary(b"more")})

    def forget(self, name):
        self.files.delete_one({"_id": self.id_of(name)})

    def insert(self, collection, text):
        self.database[collection].insert_one(json.loads(text))

    def field(self, collection, name, field):
        print(repr(self.database[collection].find_one({"_id": name})[field]))


def main():
    url, command, *words = sys.argv[1:]
    with pymongo.MongoClient(url, **WAIT) as client:
        getattr(Client(client.get_default_database()), command.replace("-", "_"))(*words)


if __name__ == "__main__":
    main()
