// A store on a server that speaks MongoDB's protocol. Documents are documents; files lie in GridFS's standard layout
// (specifications/source/gridfs), so that any other program of that world reads them.
#include <mongoc/mongoc.h>

#include <algorithm>
#include <array>
#include <deque>
#include <future>
#include <map>
#include <mutex>

#include "base/text.h"
#include "store/back_end.h"
#include "store/store_url.h"

namespace simswarm::store {
namespace {

constexpr std::int32_t kChunk = 128 * 1024;  // bytes; larger ones fail on FerretDB when many are read (measured)
constexpr std::size_t kGroup = 16;           // chunks that are inserted at once
constexpr std::size_t kInFlight = 2;         // groups on their way to the server
constexpr std::int32_t kReadGroup = 32;      // chunks that are read at once
constexpr std::size_t kMostIds = 1000;       // in one question
constexpr int kDuplicate = 11000;
constexpr const char* kFiles = "fs.files";
constexpr const char* kChunks = "fs.chunks";
constexpr const char* kDefaultDatabase = "simswarm";

class Bson {
 public:
  Bson() { bson_init(&bson_); }
  Bson(const Bson&) = delete;
  Bson& operator=(const Bson&) = delete;
  ~Bson() { bson_destroy(&bson_); }
  bson_t* get() { return &bson_; }
  [[nodiscard]] const bson_t* get() const { return &bson_; }
  // The same object again, empty.
  bson_t* fresh() {
    bson_reinit(&bson_);
    return &bson_;
  }

 private:
  bson_t bson_{};
};

template <auto Destroy>
struct Deleter {
  template <typename T>
  void operator()(T* thing) const {
    Destroy(thing);
  }
};
using Uri = std::unique_ptr<mongoc_uri_t, Deleter<mongoc_uri_destroy>>;
using Pool = std::unique_ptr<mongoc_client_pool_t, Deleter<mongoc_client_pool_destroy>>;
using Collection = std::unique_ptr<mongoc_collection_t, Deleter<mongoc_collection_destroy>>;
using Bulk = std::unique_ptr<mongoc_bulk_operation_t, Deleter<mongoc_bulk_operation_destroy>>;
using Cursor = std::unique_ptr<mongoc_cursor_t, Deleter<mongoc_cursor_destroy>>;

void append(bson_t* to, const char* name, std::string_view text) {
  bson_append_utf8(to, name, -1, text.data(), static_cast<int>(text.size()));
}

void append_binary(bson_t* to, const char* name, std::string_view bytes) {
  bson_append_binary(to, name, -1, BSON_SUBTYPE_BINARY, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                     static_cast<std::uint32_t>(bytes.size()));
}

std::string_view binary_of(const bson_iter_t& at) {
  bson_subtype_t type{};
  std::uint32_t size = 0;
  const std::uint8_t* bytes = nullptr;
  bson_iter_binary(&at, &type, &size, &bytes);
  return {reinterpret_cast<const char*>(bytes), size};
}

std::string oid_text(const bson_oid_t& oid) {
  std::array<char, 25> buffer{};
  bson_oid_to_string(&oid, buffer.data());
  return {buffer.data(), 24};
}

// A server's codes that say «not now»: not primary, shutting down, took too long.
bool passes_by_itself(const bson_error_t& error) {
  if (error.domain == MONGOC_ERROR_SERVER_SELECTION) return true;
  if (error.domain == MONGOC_ERROR_STREAM) return true;
  // 43: a server that was started anew, or had no patience, does not know our cursor any more.
  constexpr std::array<std::uint32_t, 13> passing{6, 7, 43, 50, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435};
  return std::find(passing.begin(), passing.end(), error.code) != passing.end();
}

bool refuses_us(const bson_error_t& error) {
  return (error.domain == MONGOC_ERROR_CLIENT && error.code == MONGOC_ERROR_CLIENT_AUTHENTICATE) || error.code == 13 ||
         error.code == 18;
}

// A client of the pool, as long as it is wanted.
class Client {
 public:
  explicit Client(mongoc_client_pool_t* pool) : pool_(pool), client_(mongoc_client_pool_pop(pool)) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { mongoc_client_pool_push(pool_, client_); }
  [[nodiscard]] mongoc_client_t* get() const { return client_; }

 private:
  mongoc_client_pool_t* pool_;
  mongoc_client_t* client_;
};

// The reply to an insert of which something failed: the indexes of documents whose ids were taken. False: it is not
// that.
bool read_duplicates(const bson_t* reply, std::vector<std::size_t>& taken) {
  bson_iter_t at;
  bson_iter_t errors;
  const auto says = [&](const char* name) {
    return bson_iter_init_find(&at, reply, name) && bson_iter_recurse(&at, &errors) && bson_iter_next(&errors);
  };
  if (says("writeConcernErrors") || !says("writeErrors")) return false;
  do {
    bson_iter_t field;
    std::int64_t code = 0;
    std::int64_t index = -1;
    if (bson_iter_recurse(&errors, &field) && bson_iter_find(&field, "code")) code = bson_iter_as_int64(&field);
    if (bson_iter_recurse(&errors, &field) && bson_iter_find(&field, "index")) index = bson_iter_as_int64(&field);
    if (code != kDuplicate || index < 0) return false;
    taken.push_back(static_cast<std::size_t>(index));
  } while (bson_iter_next(&errors));
  return true;
}

// A document that a cursor holds.
struct Seen {
  const bson_t* bson;
};

// What writers, readers and the back end share.
class Server {
 public:
  Server(Pool pool, std::string database, std::string shown)
      : pool_(std::move(pool)), database_(std::move(database)), shown_(std::move(shown)) {}

  [[nodiscard]] Client client() const { return Client(pool_.get()); }
  [[nodiscard]] Collection collection(const Client& client, const std::string& name) const {
    return Collection(mongoc_client_get_collection(client.get(), database_.c_str(), name.c_str()));
  }
  [[nodiscard]] const std::string& shown() const { return shown_; }
  [[nodiscard]] const std::string& database() const { return database_; }

  [[nodiscard]] tl::unexpected<Error> error(const bson_error_t& error) const {
    const bool passes = passes_by_itself(error);
    std::string what = static_cast<const char*>(error.message);
    std::replace(what.begin(), what.end(), '\n', ' ');  // some servers say more than one line
    if (refuses_us(error)) return environment_error("{} refuses us: {}", shown_, what);
    return propagate(
        {ExitCode::kEnvironment, fmt::format("{}{}: {}", shown_, passes ? " does not answer" : "", what), passes});
  }

  // All at once. The indexes of those whose ids were taken.
  [[nodiscard]] Result<std::vector<std::size_t>> insert(const std::string& name,
                                                        const std::deque<Bson>& documents) const {
    std::vector<std::size_t> taken;
    if (documents.empty()) return taken;
    const Client held = client();
    const Collection target = collection(held, name);
    Bson options;
    BSON_APPEND_BOOL(options.get(), "ordered", false);
    const Bulk bulk(mongoc_collection_create_bulk_operation_with_opts(target.get(), options.get()));
    bson_error_t failed{};
    for (const Bson& document : documents) {
      if (!mongoc_bulk_operation_insert_with_opts(bulk.get(), document.get(), nullptr, &failed)) return error(failed);
    }
    Bson reply;
    bson_destroy(reply.get());
    if (mongoc_bulk_operation_execute(bulk.get(), reply.get(), &failed) != 0) return taken;
    if (!read_duplicates(reply.get(), taken)) return error(failed);
    return taken;
  }

  // How many went.
  [[nodiscard]] Result<std::int64_t> remove(const std::string& name, const bson_t* which, bool many) const {
    const Client held = client();
    const Collection target = collection(held, name);
    bson_error_t failed{};
    Bson reply;
    bson_destroy(reply.get());
    const bool done = many ? mongoc_collection_delete_many(target.get(), which, nullptr, reply.get(), &failed)
                           : mongoc_collection_delete_one(target.get(), which, nullptr, reply.get(), &failed);
    if (!done) return error(failed);
    bson_iter_t at;
    return bson_iter_init_find(&at, reply.get(), "deletedCount") ? bson_iter_as_int64(&at) : 0;
  }

  // Until `visit` fails.
  [[nodiscard]] Status each(const std::string& name, const bson_t* filter, const bson_t* options,
                            const std::function<Status(Seen)>& visit) const {
    const Client held = client();
    const Collection target = collection(held, name);
    const Cursor cursor(mongoc_collection_find_with_opts(target.get(), filter, options, nullptr));
    const bson_t* document = nullptr;
    while (mongoc_cursor_next(cursor.get(), &document)) SIMSWARM_CHECK(visit({document}));
    bson_error_t failed{};
    if (mongoc_cursor_error(cursor.get(), &failed)) return error(failed);
    return {};
  }

 private:
  Pool pool_;
  std::string database_;
  std::string shown_;
};

// Removes a file's chunks, the first last: by that sweep() finds what was left half-way.
Status remove_chunks(const Server& server, const bson_oid_t& file) {
  Bson others;
  BSON_APPEND_OID(others.get(), "files_id", &file);
  bson_t above;
  BSON_APPEND_DOCUMENT_BEGIN(others.get(), "n", &above);
  BSON_APPEND_INT32(&above, "$gt", 0);
  bson_append_document_end(others.get(), &above);
  SIMSWARM_TRY([[maybe_unused]] const auto most, server.remove(kChunks, others.get(), true));
  Bson all;
  BSON_APPEND_OID(all.get(), "files_id", &file);
  SIMSWARM_TRY([[maybe_unused]] const auto rest, server.remove(kChunks, all.get(), true));
  return {};
}

// Sends groups of chunks while the next is made. The first is there before any other is sent.
class MongoWriter final : public FileWriter {
 public:
  explicit MongoWriter(const Server& server) : server_(server) { bson_oid_init(&id_, nullptr); }
  MongoWriter(const MongoWriter&) = delete;
  MongoWriter& operator=(const MongoWriter&) = delete;
  ~MongoWriter() override {
    for (auto& sent : sent_) sent.wait();
    if (is_kept_ || !may_remove_chunks()) return;
    if (chunks_ > 0) (void)remove_chunks(server_, id_);
  }

  Status write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const std::size_t some = std::min(bytes.size(), kChunk * kGroup - group_.size());
      group_.append(bytes.substr(0, some));
      bytes.remove_prefix(some);
      if (group_.size() == kChunk * kGroup) SIMSWARM_CHECK(send());
    }
    return {};
  }

  Result<std::string> keep(const std::string& name) override {
    if (!group_.empty()) SIMSWARM_CHECK(send());
    while (!sent_.empty()) SIMSWARM_CHECK(receive());
    std::deque<Bson> files(1);
    bson_t* const file = files.front().get();
    BSON_APPEND_OID(file, "_id", &id_);
    BSON_APPEND_INT64(file, "length", static_cast<std::int64_t>(size_));
    BSON_APPEND_INT32(file, "chunkSize", kChunk);
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(system_clock().stamp().time_since_epoch());
    BSON_APPEND_DATE_TIME(file, "uploadDate", now.count());
    append(file, "filename", name);
    is_named_ = true;
    SIMSWARM_TRY([[maybe_unused]] const auto taken, server_.insert(kFiles, files));
    is_kept_ = true;
    return oid_text(id_);
  }

 private:
  // A file that may be there by now, because only the answer was lost, keeps its chunks unless it is gone for certain:
  // one that never came is an upload that sweep() removes.
  [[nodiscard]] bool may_remove_chunks() const {
    if (!is_named_) return true;
    Bson which;
    BSON_APPEND_OID(which.get(), "_id", &id_);
    return server_.remove(kFiles, which.get(), false).value_or(0) == 1;
  }

  Status send() {
    const bool is_first = chunks_ == 0;
    if (sent_.size() >= kInFlight) SIMSWARM_CHECK(receive());
    const auto first = static_cast<std::int32_t>(chunks_);
    chunks_ += (group_.size() + kChunk - 1) / kChunk;
    size_ += group_.size();
    sent_.push_back(std::async(
        std::launch::async, [this, first, group = std::exchange(group_, {})] { return insert_group(first, group); }));
    if (is_first) SIMSWARM_CHECK(receive());
    return {};
  }

  Status receive() {
    Status done = sent_.front().get();
    sent_.pop_front();
    return done;
  }

  [[nodiscard]] Status insert_group(std::int32_t n, std::string_view group) const {
    std::deque<Bson> chunks;
    while (!group.empty()) {
      bson_t* chunk = chunks.emplace_back().get();
      bson_oid_t id;
      bson_oid_init(&id, nullptr);
      BSON_APPEND_OID(chunk, "_id", &id);
      BSON_APPEND_OID(chunk, "files_id", &id_);
      BSON_APPEND_INT32(chunk, "n", n++);
      append_binary(chunk, "data", group.substr(0, kChunk));
      group.remove_prefix(std::min<std::size_t>(group.size(), kChunk));
    }
    SIMSWARM_TRY(const auto taken, server_.insert(kChunks, chunks));
    if (!taken.empty()) return environment_error("{}: a chunk of a new file was there already", server_.shown());
    return {};
  }

  const Server& server_;
  bson_oid_t id_{};
  std::string group_;
  std::size_t chunks_ = 0;
  std::uint64_t size_ = 0;
  std::deque<std::future<Status>> sent_;
  bool is_named_ = false;  // keep() has asked for the file
  bool is_kept_ = false;
};

// Chunks in their order; one that is missing, or too short, ends it.
class MongoReader final : public Source {
 public:
  MongoReader(const Server& server, const bson_oid_t& id, std::int64_t chunk_size, std::uint64_t size)
      : server_(server), client_(server.client()), chunk_size_(chunk_size), size_(size), name_(oid_text(id)) {
    const Collection chunks = server.collection(client_, kChunks);
    Bson filter;
    BSON_APPEND_OID(filter.get(), "files_id", &id);
    Bson options;
    bson_t sort;
    BSON_APPEND_DOCUMENT_BEGIN(options.get(), "sort", &sort);
    BSON_APPEND_INT32(&sort, "n", 1);
    bson_append_document_end(options.get(), &sort);
    const std::int64_t group =
        std::max<std::int64_t>(1, std::int64_t{kReadGroup} * kChunk / std::max<std::int64_t>(chunk_size, 1));
    BSON_APPEND_INT32(options.get(), "batchSize", static_cast<std::int32_t>(std::min<std::int64_t>(group, 1000)));
    cursor_ = Cursor(mongoc_collection_find_with_opts(chunks.get(), filter.get(), options.get(), nullptr));
  }

  Result<std::size_t> read(std::span<char> buffer) override {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
      if (rest_.empty()) {
        if (given_ == size_) {
          SIMSWARM_CHECK(expect_end());
          break;
        }
        SIMSWARM_CHECK(next());
      }
      const std::size_t some = rest_.copy(buffer.data() + filled, buffer.size() - filled);
      rest_.remove_prefix(some);
      filled += some;
    }
    return filled;
  }

 private:
  // Null at the end.
  Result<Seen> next_chunk() {
    const bson_t* chunk = nullptr;
    if (mongoc_cursor_next(cursor_.get(), &chunk)) return Seen{chunk};
    bson_error_t failed{};
    if (!mongoc_cursor_error(cursor_.get(), &failed)) return Seen{nullptr};
    Error error = server_.error(failed).value();
    error.can_retry = true;  // whatever it is: it says nothing of the file
    return propagate(std::move(error));
  }

  // Others write an empty chunk for an empty file.
  Status expect_end() {
    if (is_over_) return {};
    SIMSWARM_TRY(const Seen seen, next_chunk());
    const bson_t* const more = seen.bson;
    bson_iter_t at;
    const bool has_bytes = more != nullptr && bson_iter_init_find(&at, more, "data") && BSON_ITER_HOLDS_BINARY(&at) &&
                           !binary_of(at).empty();
    if (has_bytes) return environment_error("file {} has chunks behind its end", name_);
    is_over_ = true;
    return {};
  }

  Status next() {
    SIMSWARM_TRY(const Seen seen, next_chunk());
    const bson_t* const chunk = seen.bson;
    if (chunk == nullptr) return missing();
    bson_iter_t at;
    if (!bson_iter_init_find(&at, chunk, "n") || bson_iter_as_int64(&at) != n_) return missing();
    if (!bson_iter_init_find(&at, chunk, "data") || !BSON_ITER_HOLDS_BINARY(&at)) return missing();
    rest_ = binary_of(at);
    const std::uint64_t wanted = std::min<std::uint64_t>(static_cast<std::uint64_t>(chunk_size_), size_ - given_);
    if (rest_.size() != wanted) {
      return environment_error("chunk {} of file {} has {} bytes instead of {}", n_, name_, rest_.size(), wanted);
    }
    given_ += rest_.size();
    ++n_;
    return {};
  }

  [[nodiscard]] Status missing() const { return environment_error("chunk {} of file {} is missing", n_, name_); }

  const Server& server_;
  Client client_;
  Cursor cursor_;
  std::int64_t chunk_size_;
  std::uint64_t size_;
  std::string name_;
  std::string_view rest_;  // of the chunk that the cursor holds
  std::int64_t n_ = 0;
  std::uint64_t given_ = 0;
  bool is_over_ = false;
};

// Our documents and the server's.
Status to_bson(const Document& document, bson_t* to) {
  append(to, "_id", document.id);
  Bson body;
  bson_destroy(body.get());
  bson_error_t failed{};
  if (!bson_init_from_json(body.get(), document.body.data(), static_cast<ssize_t>(document.body.size()), &failed)) {
    bson_init(body.get());
    return environment_error("document {} cannot be written: {}", document.id,
                             static_cast<const char*>(failed.message));
  }
  bson_concat(to, body.get());
  if (!document.data.empty()) append_binary(to, "data", document.data);
  return {};
}

std::optional<Document> from_bson(const bson_t* from) {
  Document document;
  bson_iter_t at;
  if (!bson_iter_init_find(&at, from, "_id") || !BSON_ITER_HOLDS_UTF8(&at)) return std::nullopt;
  document.id = bson_iter_utf8(&at, nullptr);
  if (bson_iter_init_find(&at, from, "data") && BSON_ITER_HOLDS_BINARY(&at)) document.data = binary_of(at);
  Bson body;
  bson_destroy(body.get());
  bson_init(body.get());
  bson_copy_to_excluding_noinit(from, body.get(), "_id", "data", nullptr);
  std::size_t size = 0;
  char* const text = bson_as_relaxed_extended_json(body.get(), &size);
  if (text == nullptr) return std::nullopt;
  document.body.assign(text, size);
  bson_free(text);
  return document;
}

std::optional<FileRecord> file_from(const bson_t* from) {
  FileRecord file;
  bson_iter_t at;
  if (!bson_iter_init_find(&at, from, "_id") || !BSON_ITER_HOLDS_OID(&at)) return std::nullopt;
  file.id = oid_text(*bson_iter_oid(&at));
  if (bson_iter_init_find(&at, from, "filename") && BSON_ITER_HOLDS_UTF8(&at)) file.name = bson_iter_utf8(&at, nullptr);
  if (!bson_iter_init_find(&at, from, "length")) return std::nullopt;
  file.size = static_cast<std::uint64_t>(std::max<std::int64_t>(bson_iter_as_int64(&at), 0));
  if (bson_iter_init_find(&at, from, "uploadDate") && BSON_ITER_HOLDS_DATE_TIME(&at))
    file.uploaded = Stamp(std::chrono::milliseconds(bson_iter_date_time(&at)));
  return file;
}

std::optional<bson_oid_t> oid_from(const std::string& text) {
  if (!bson_oid_is_valid(text.data(), text.size())) return std::nullopt;
  bson_oid_t oid;
  bson_oid_init_from_string(&oid, text.c_str());
  return oid;
}

class MongoBackEnd final : public BackEnd {
 public:
  explicit MongoBackEnd(std::unique_ptr<Server> server) : server_(std::move(server)) {}

  // Indexes of GridFS, and whether what everything stands on holds.
  Status begin() {
    SIMSWARM_CHECK(make_index(kChunks, {{"files_id", 1}, {"n", 1}}, true));
    SIMSWARM_CHECK(make_index(kFiles, {{"filename", 1}, {"uploadDate", 1}}, false));
    for (const char* name : {"campaign", "group"}) SIMSWARM_CHECK(make_index("results", {{name, 1}}, false));
    const Document probe{"probe/" + make_ulid(system_clock().stamp()), R"({"v":1})", {}};
    SIMSWARM_TRY(const auto first, insert("settings", {&probe, 1}));
    SIMSWARM_TRY(const auto second, insert("settings", {&probe, 1}));
    SIMSWARM_TRY(const bool was_there, remove("settings", probe.id));
    SIMSWARM_TRY(const bool is_there, remove("settings", probe.id));
    if (!first.front() || second.front())
      return environment_error("{} takes two documents with one id: it cannot be a store", server_->shown());
    if (!was_there || is_there)
      return environment_error("{} does not tell whether a document was removed: it cannot be a store",
                               server_->shown());
    return {};
  }

  Result<std::vector<bool>> insert(const std::string& collection, std::span<const Document> documents) override {
    std::deque<Bson> converted;
    for (const Document& document : documents) SIMSWARM_CHECK(to_bson(document, converted.emplace_back().get()));
    SIMSWARM_TRY(const auto taken, server_->insert(collection, converted));
    std::vector<bool> is_new(documents.size(), true);
    for (const std::size_t index : taken) {
      if (index < is_new.size()) is_new[index] = false;
    }
    return is_new;
  }

  Result<std::vector<std::optional<Document>>> find(const std::string& collection, std::span<const std::string> ids,
                                                    Part part) override {
    std::map<std::string, Document, std::less<>> found;
    for (std::size_t begin = 0; begin < ids.size(); begin += kMostIds) {
      SIMSWARM_CHECK(find_some(collection, ids.subspan(begin, std::min(kMostIds, ids.size() - begin)), part, found));
    }
    std::vector<std::optional<Document>> documents;
    for (const std::string& id : ids) {
      const auto one = found.find(id);
      documents.push_back(one == found.end() ? std::nullopt : std::optional(one->second));
    }
    return documents;
  }

  Status each(const std::string& collection, const Where& where, const Visit& visit) override {
    Bson filter;
    if (!where.name.empty()) append(filter.get(), where.name.c_str(), where.value);
    Bson options;
    if (where.part == Part::kBody) leave_out_data(options.get());
    return server_->each(collection, filter.get(), options.get(), [&](Seen seen) -> Status {
      auto converted = from_bson(seen.bson);
      return converted ? visit(std::move(*converted)) : Status();  // probes of others, say
    });
  }

  Result<bool> remove(const std::string& collection, const std::string& id) override {
    Bson which;
    append(which.get(), "_id", id);
    SIMSWARM_TRY(const std::int64_t removed, server_->remove(collection, which.get(), false));
    return removed == 1;
  }

  Result<std::unique_ptr<FileWriter>> create_file() override { return std::make_unique<MongoWriter>(*server_); }

  Result<std::unique_ptr<Source>> open_file(const FileRecord& file) override {
    const auto id = oid_from(file.id);
    if (!id) return environment_error("file {}: no id of {}", file.id, server_->shown());
    Bson filter;
    BSON_APPEND_OID(filter.get(), "_id", &*id);
    std::optional<std::int64_t> chunk_size;
    std::uint64_t size = 0;
    SIMSWARM_CHECK(server_->each(kFiles, filter.get(), nullptr, [&](Seen seen) -> Status {
      bson_iter_t at;
      if (bson_iter_init_find(&at, seen.bson, "chunkSize")) chunk_size = bson_iter_as_int64(&at);
      if (const auto record = file_from(seen.bson)) size = record->size;
      return {};
    }));
    if (!chunk_size || *chunk_size <= 0) return std::make_unique<MissingFile>(file.id);
    return std::make_unique<MongoReader>(*server_, *id, *chunk_size, size);
  }

  Result<std::optional<FileRecord>> find_file(const std::string& name) override {
    Bson filter;
    append(filter.get(), "filename", name);
    std::optional<FileRecord> first;
    SIMSWARM_CHECK(server_->each(kFiles, filter.get(), nullptr, [&](Seen seen) -> Status {
      const auto file = file_from(seen.bson);
      if (file && (!first || file->uploaded < first->uploaded)) first = file;
      return {};
    }));
    return first;
  }

  Status each_file(const VisitFile& visit) override {
    const Bson all;
    return server_->each(kFiles, all.get(), nullptr, [&](Seen seen) -> Status {
      const auto file = file_from(seen.bson);
      return file ? visit(*file) : Status();
    });
  }

  Status remove_file(const std::string& text) override {
    const auto id = oid_from(text);
    if (!id) return {};
    Bson which;
    BSON_APPEND_OID(which.get(), "_id", &*id);
    SIMSWARM_TRY([[maybe_unused]] const auto removed, server_->remove(kFiles, which.get(), false));
    return remove_chunks(*server_, *id);
  }

  // Uploads that were cut off have chunks and no file. Their ids tell when they were begun.
  Result<Swept> sweep(std::chrono::seconds age) override {
    std::vector<bson_oid_t> begun;
    SIMSWARM_CHECK(collect_begun(system_clock().stamp() - age, begun));
    Swept swept;
    for (const bson_oid_t& id : begun) {
      Bson which;
      BSON_APPEND_OID(which.get(), "_id", &id);
      bool is_file = false;
      SIMSWARM_CHECK(server_->each(kFiles, which.get(), nullptr, [&](Seen) -> Status {
        is_file = true;
        return {};
      }));
      if (is_file) continue;
      SIMSWARM_TRY(const std::uint64_t bytes, size_of_chunks(id));
      SIMSWARM_CHECK(remove_chunks(*server_, id));
      ++swept.files;
      swept.bytes += bytes;
    }
    return swept;
  }

  const std::string& shown() const override { return server_->shown(); }

 private:
  static void leave_out_data(bson_t* options) {
    bson_t projection;
    BSON_APPEND_DOCUMENT_BEGIN(options, "projection", &projection);
    BSON_APPEND_INT32(&projection, "data", 0);
    bson_append_document_end(options, &projection);
  }

  Status make_index(const char* name, const std::vector<std::pair<const char*, int>>& fields, bool unique) {
    const Client client = server_->client();
    std::string label;
    bson_t keys;
    bson_t index;
    bson_t list;
    Bson command;
    BSON_APPEND_UTF8(command.get(), "createIndexes", name);
    BSON_APPEND_ARRAY_BEGIN(command.get(), "indexes", &list);
    BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &index);
    BSON_APPEND_DOCUMENT_BEGIN(&index, "key", &keys);
    for (const auto& [field, order] : fields) {
      BSON_APPEND_INT32(&keys, field, order);
      label += fmt::format("{}{}_{}", label.empty() ? "" : "_", field, order);
    }
    bson_append_document_end(&index, &keys);
    BSON_APPEND_UTF8(&index, "name", label.c_str());
    if (unique) BSON_APPEND_BOOL(&index, "unique", true);
    bson_append_document_end(&list, &index);
    bson_append_array_end(command.get(), &list);
    bson_error_t failed{};
    if (!mongoc_client_write_command_with_opts(client.get(), server_->database().c_str(), command.get(), nullptr,
                                               nullptr, &failed))
      return server_->error(failed);
    return {};
  }

  Status find_some(const std::string& collection, std::span<const std::string> ids, Part part,
                   std::map<std::string, Document, std::less<>>& found) {
    Bson filter;
    if (ids.size() == 1) {
      append(filter.get(), "_id", ids.front());
    } else {
      bson_t in;
      bson_t list;
      BSON_APPEND_DOCUMENT_BEGIN(filter.get(), "_id", &in);
      BSON_APPEND_ARRAY_BEGIN(&in, "$in", &list);
      for (std::size_t i = 0; i < ids.size(); ++i) append(&list, std::to_string(i).c_str(), ids[i]);
      bson_append_array_end(&in, &list);
      bson_append_document_end(filter.get(), &in);
    }
    Bson options;
    if (part == Part::kBody) leave_out_data(options.get());
    return server_->each(collection, filter.get(), options.get(), [&](Seen seen) -> Status {
      auto converted = from_bson(seen.bson);
      if (!converted) return environment_error("{}: a document of {} cannot be read", shown(), collection);
      std::string id = converted->id;
      found.insert_or_assign(std::move(id), std::move(*converted));
      return {};
    });
  }

  Status collect_begun(Stamp before, std::vector<bson_oid_t>& begun) {
    Bson filter;
    BSON_APPEND_INT32(filter.get(), "n", 0);
    Bson options;
    bson_t projection;
    BSON_APPEND_DOCUMENT_BEGIN(options.get(), "projection", &projection);
    BSON_APPEND_INT32(&projection, "files_id", 1);
    bson_append_document_end(options.get(), &projection);
    return server_->each(kChunks, filter.get(), options.get(), [&](Seen chunk) -> Status {
      bson_iter_t at;
      if (!bson_iter_init_find(&at, chunk.bson, "files_id") || !BSON_ITER_HOLDS_OID(&at)) return {};
      const bson_oid_t* id = bson_iter_oid(&at);
      if (Stamp(std::chrono::seconds(bson_oid_get_time_t(id))) <= before) begun.push_back(*id);
      return {};
    });
  }

  Result<std::uint64_t> size_of_chunks(const bson_oid_t& id) {
    Bson filter;
    BSON_APPEND_OID(filter.get(), "files_id", &id);
    std::uint64_t bytes = 0;
    SIMSWARM_CHECK(server_->each(kChunks, filter.get(), nullptr, [&](Seen chunk) -> Status {
      bson_iter_t at;
      if (bson_iter_init_find(&at, chunk.bson, "data") && BSON_ITER_HOLDS_BINARY(&at)) bytes += binary_of(at).size();
      return {};
    }));
    return bytes;
  }

  std::unique_ptr<Server> server_;
};

void set_unless_said(mongoc_uri_t* uri, const char* name, std::int32_t value) {
  if (!mongoc_uri_has_option(uri, name)) mongoc_uri_set_option_as_int32(uri, name, value);
}

void begin_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    mongoc_init();
    mongoc_log_set_handler(nullptr, nullptr);  // what matters comes as an error
  });
}

}  // namespace

Result<std::unique_ptr<BackEnd>> open_mongodb(const std::string& url) {
  begin_once();
  const std::string shown = without_secrets(url);
  bson_error_t failed{};
  const Uri uri(mongoc_uri_new_with_error(url.c_str(), &failed));
  // Its message may hold parts of the URL.
  if (!uri) {
    return usage_error(
        "store {}: libmongoc does not take this URL; expected mongodb://USER:PASSWORD@HOST:PORT/DATABASE?OPTIONS, with "
        "what is special in user and password as %XX",
        shown);
  }
  set_unless_said(uri.get(), MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 5000);
  set_unless_said(uri.get(), MONGOC_URI_CONNECTTIMEOUTMS, 5000);
  set_unless_said(uri.get(), MONGOC_URI_SOCKETTIMEOUTMS, 60'000);
  if (!mongoc_uri_has_option(uri.get(), MONGOC_URI_W)) {
    mongoc_write_concern_t* const concern = mongoc_write_concern_new();
    mongoc_write_concern_set_wmajority(concern, 30'000);
    mongoc_uri_set_write_concern(uri.get(), concern);
    mongoc_write_concern_destroy(concern);
  }
  Pool pool(mongoc_client_pool_new_with_error(uri.get(), &failed));
  if (!pool) return usage_error("store {}: {}", shown, static_cast<const char*>(failed.message));
  mongoc_client_pool_set_error_api(pool.get(), 2);
  mongoc_client_pool_set_appname(pool.get(), "simswarm");
  const char* database = mongoc_uri_get_database(uri.get());
  auto server = std::make_unique<Server>(std::move(pool), database == nullptr ? kDefaultDatabase : database, shown);
  auto back_end = std::make_unique<MongoBackEnd>(std::move(server));
  SIMSWARM_CHECK(back_end->begin());
  return back_end;
}

}  // namespace simswarm::store
