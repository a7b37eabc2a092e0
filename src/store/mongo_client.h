// What is asked of a server that speaks MongoDB's protocol, in words of our own: libmongoc stands in mongo_client.cpp
// and nowhere else.
#pragma once

#include "store/back_end.h"

namespace simswarm::store {

// Collections of GridFS's standard layout (specifications/source/gridfs).
inline constexpr const char* kFiles = "fs.files";
inline constexpr const char* kChunks = "fs.chunks";

// Ids of files are 24 hex digits, and tell the second they were made in. A question with any other is a bug.
[[nodiscard]] std::string make_file_id();
[[nodiscard]] bool is_file_id(const std::string& text);

// A piece of a file.
struct Chunk {
  std::int64_t n = -1;       // from 0; -1: it has no number, or no bytes at all
  std::string_view bytes{};  // of a chunk that was read: until its cursor takes a step or goes
};

// Holds one of the client's connections. Not for several threads; must not outlive its client.
class ChunkCursor {
 public:
  ChunkCursor() = default;
  ChunkCursor(const ChunkCursor&) = delete;
  ChunkCursor& operator=(const ChunkCursor&) = delete;
  virtual ~ChunkCursor() = default;
  // Nothing at the end; not to be asked again then.
  [[nodiscard]] virtual Result<std::optional<Chunk>> next() = 0;
};

// What the record of a file says of its chunks.
struct FileShape {
  std::int64_t chunk_size = 0;  // bytes; 0: the file is not there, or does not say
  std::uint64_t size = 0;       // bytes
};

enum class Chunks { kAllButFirst, kAll };  // of a file

// Safe for several threads. Errors that pass by themselves say so: `can_retry`.
class MongoClient {
 public:
  MongoClient() = default;
  MongoClient(const MongoClient&) = delete;
  MongoClient& operator=(const MongoClient&) = delete;
  virtual ~MongoClient() = default;

  // Ascending; one that is there already stays.
  [[nodiscard]] virtual Status make_index(const std::string& collection, const std::vector<std::string>& fields,
                                          bool is_unique) = 0;

  // All at once. The indexes of those whose ids were taken; the others are there.
  [[nodiscard]] virtual Result<std::vector<std::size_t>> insert(const std::string& collection,
                                                                std::span<const Document> documents) = 0;
  // Whether it was there.
  [[nodiscard]] virtual Result<bool> remove(const std::string& collection, const std::string& id) = 0;
  // Those with one of these ids, in no order, with one question. One that cannot be read is an error.
  [[nodiscard]] virtual Status find(const std::string& collection, std::span<const std::string> ids, Part part,
                                    const BackEnd::Visit& visit) = 0;
  // Passes over what cannot be read.
  [[nodiscard]] virtual Status each(const std::string& collection, const Where& where, const BackEnd::Visit& visit) = 0;

  // The records of files, without their chunks. One whose id is taken is not inserted, and no error.
  [[nodiscard]] virtual Status insert_file(const FileRecord& file, std::int32_t chunk_size) = 0;
  [[nodiscard]] virtual Result<bool> remove_file(const std::string& id) = 0;  // whether it was there
  [[nodiscard]] virtual Result<bool> has_file(const std::string& id) = 0;
  [[nodiscard]] virtual Result<FileShape> shape_of_file(const std::string& id) = 0;
  // Those of this name, or all.
  [[nodiscard]] virtual Status each_file(const std::optional<std::string>& name, const BackEnd::VisitFile& visit) = 0;

  // All at once. Whether none of them was there already.
  [[nodiscard]] virtual Result<bool> insert_chunks(const std::string& file, std::span<const Chunk> chunks) = 0;
  [[nodiscard]] virtual Status remove_chunks(const std::string& file, Chunks which) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> size_of_chunks(const std::string& file) = 0;  // bytes
  // In the order of their numbers; as many as `group` come at once.
  [[nodiscard]] virtual Result<std::unique_ptr<ChunkCursor>> open_chunks(const std::string& file,
                                                                         std::int32_t group) = 0;
  // The files that have a first chunk, whether they have a record or not.
  using VisitBegun = std::function<Status(const std::string& file, Stamp begun)>;
  [[nodiscard]] virtual Status each_begun(const VisitBegun& visit) = 0;

  // The address without user and password, for messages.
  [[nodiscard]] virtual const std::string& shown() const = 0;
};

// Asks the server nothing yet.
[[nodiscard]] Result<std::unique_ptr<MongoClient>> make_mongo_client(const std::string& url, FreshUrl fresh_url = {});

}  // namespace simswarm::store
