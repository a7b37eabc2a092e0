#include "store/mongo_client.h"

#include <mongoc/mongoc.h>

#include <algorithm>
#include <array>
#include <deque>
#include <mutex>
#include <stdexcept>

#include "store/store.h"
#include "store/store_url.h"

namespace simswarm::store {
namespace {

constexpr int kDuplicate = 11000;
constexpr const char* kDefaultDatabase = "simswarm";

class Bson {
 public:
  Bson() { bson_init(&bson_); }
  Bson(const Bson&) = delete;
  Bson& operator=(const Bson&) = delete;
  ~Bson() { bson_destroy(&bson_); }
  bson_t* get() { return &bson_; }
  [[nodiscard]] const bson_t* get() const { return &bson_; }

 private:
  bson_t bson_{};
};

// What libmongoc answers. It makes the object itself, whether the call succeeds or fails at once, so that one is made
// and destroyed here only where it was asked to: once.
class Reply {
 public:
  Reply() = default;
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  ~Reply() {
    if (is_made_) bson_destroy(&bson_);
  }
  // For one call, before any other use.
  bson_t* to_be_made() {
    is_made_ = true;
    return &bson_;
  }
  [[nodiscard]] const bson_t* get() const { return &bson_; }

 private:
  bson_t bson_ = BSON_INITIALIZER;
  bool is_made_ = false;
};

template <auto Destroy>
struct Deleter {
  template <typename T>
  void operator()(T* thing) const {
    Destroy(thing);
  }
};
template <typename T, auto Destroy>
using Owned = std::unique_ptr<T, Deleter<Destroy>>;
using Uri = Owned<mongoc_uri_t, mongoc_uri_destroy>;
using Pool = std::shared_ptr<mongoc_client_pool_t>;  // goes with the last of its connections
using Collection = Owned<mongoc_collection_t, mongoc_collection_destroy>;
using Bulk = Owned<mongoc_bulk_operation_t, mongoc_bulk_operation_destroy>;
using Cursor = Owned<mongoc_cursor_t, mongoc_cursor_destroy>;

// A connection goes back to its pool.
struct PutBack {
  Pool pool;
  void operator()(mongoc_client_t* connection) const { mongoc_client_pool_push(pool.get(), connection); }
};
using Connection = std::unique_ptr<mongoc_client_t, PutBack>;

// Ours and the server's: fields.
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

void append_oid(bson_t* to, const char* name, const std::string& text) {
  if (!is_file_id(text)) throw std::invalid_argument("no id of a file: " + text);
  bson_oid_t oid;
  bson_oid_init_from_string(&oid, text.c_str());
  BSON_APPEND_OID(to, name, &oid);
}

// «NAME: {FIELD: VALUE}».
void append_nested(bson_t* to, const char* name, const char* field, std::int32_t value) {
  bson_t nested;
  BSON_APPEND_DOCUMENT_BEGIN(to, name, &nested);
  BSON_APPEND_INT32(&nested, field, value);
  bson_append_document_end(to, &nested);
}

void leave_out_data(bson_t* options, Part part) {
  if (part == Part::kBody) append_nested(options, "projection", "data", 0);
}

// Ours and the server's: documents.
Status to_bson(const Document& document, bson_t* to) {
  append(to, "_id", document.id);
  bson_error_t failed{};
  bson_t body;  // made where it can be read, and not otherwise
  if (!bson_init_from_json(&body, document.body.data(), static_cast<ssize_t>(document.body.size()), &failed)) {
    return environment_error("document {} cannot be written: {}", document.id,
                             static_cast<const char*>(failed.message));
  }
  bson_concat(to, &body);
  bson_destroy(&body);
  if (!document.data.empty()) append_binary(to, "data", document.data);
  return {};
}

std::optional<Document> document_from(const bson_t* from) {
  Document document;
  bson_iter_t at;
  if (!bson_iter_init_find(&at, from, "_id") || !BSON_ITER_HOLDS_UTF8(&at)) return std::nullopt;
  document.id = bson_iter_utf8(&at, nullptr);
  if (bson_iter_init_find(&at, from, "data") && BSON_ITER_HOLDS_BINARY(&at)) document.data = binary_of(at);
  Bson body;
  bson_copy_to_excluding_noinit(from, body.get(), "_id", "data", nullptr);
  std::size_t size = 0;
  const Owned<char, bson_free> text(bson_as_relaxed_extended_json(body.get(), &size));
  if (!text) return std::nullopt;
  document.body.assign(text.get(), size);
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

// Its bytes are those of `from`.
Chunk chunk_from(const bson_t* from) {
  bson_iter_t at;
  if (!bson_iter_init_find(&at, from, "data") || !BSON_ITER_HOLDS_BINARY(&at)) return {};
  Chunk chunk{-1, binary_of(at)};
  if (bson_iter_init_find(&at, from, "n")) chunk.n = bson_iter_as_int64(&at);
  return chunk;
}

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

// A document that a cursor holds: until its next step.
struct Seen {
  const bson_t* bson;
};

// A collection, over a connection that is ours as long as this is there.
struct Held {
  Connection connection;
  Collection collection;
};

void set_options(mongoc_uri_t* uri) {
  const auto set_unless_said = [uri](const char* name, std::int32_t value) {
    if (!mongoc_uri_has_option(uri, name)) mongoc_uri_set_option_as_int32(uri, name, value);
  };
  set_unless_said(MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 5000);
  set_unless_said(MONGOC_URI_CONNECTTIMEOUTMS, 5000);
  set_unless_said(MONGOC_URI_SOCKETTIMEOUTMS, 60'000);
  if (mongoc_uri_has_option(uri, MONGOC_URI_W)) return;
  const Owned<mongoc_write_concern_t, mongoc_write_concern_destroy> concern(mongoc_write_concern_new());
  mongoc_write_concern_set_wmajority(concern.get(), 30'000);
  mongoc_uri_set_write_concern(uri, concern.get());
}

// Where the documents are, and how one gets there.
struct Way {
  std::string url, database;
  Pool pool;
};

Result<Way> way_to(const std::string& url, const std::string& shown) {
  bson_error_t failed{};
  const Uri uri(mongoc_uri_new_with_error(url.c_str(), &failed));
  // Its message may hold parts of the URL.
  if (!uri) {
    return usage_error(
        "store {}: libmongoc does not take this URL; expected mongodb://USER:PASSWORD@HOST:PORT/DATABASE?OPTIONS, with "
        "what is special in user and password as %XX",
        shown);
  }
  set_options(uri.get());
  Pool pool =
      Owned<mongoc_client_pool_t, mongoc_client_pool_destroy>(mongoc_client_pool_new_with_error(uri.get(), &failed));
  if (!pool) return usage_error("store {}: {}", shown, static_cast<const char*>(failed.message));
  mongoc_client_pool_set_error_api(pool.get(), 2);
  mongoc_client_pool_set_appname(pool.get(), "simswarm");
  const char* const database = mongoc_uri_get_database(uri.get());
  return Way{url, database == nullptr ? kDefaultDatabase : database, std::move(pool)};
}

// What the client and its cursors share. libmongoc is given no function to call back: what a visitor throws passes
// through frames of ours alone.
class Server {
 public:
  Server(Way way, std::string shown, FreshUrl fresh_url)
      : shown_(std::move(shown)), fresh_url_(std::move(fresh_url)), way_(std::move(way)) {}

  [[nodiscard]] const std::string& shown() const { return shown_; }

  [[nodiscard]] tl::unexpected<Error> error(const bson_error_t& error) const {
    const bool passes = passes_by_itself(error);
    std::string what = static_cast<const char*>(error.message);
    std::replace(what.begin(), what.end(), '\n', ' ');  // some servers say more than one line
    const bool refuses = refuses_us(error);
    const char* const says = refuses ? " refuses us" : passes ? " does not answer" : "";
    return propagate(
        {ExitCode::kEnvironment, fmt::format("{}{}: {}", shown_, says, what), refuses ? renews() : passes});
  }

  [[nodiscard]] Result<Held> take(const std::string& name) const {
    const Way way = current();
    Connection connection(mongoc_client_pool_pop(way.pool.get()), PutBack{way.pool});
    if (!connection) {  // only where the URL has waitQueueTimeoutMS
      return propagate({ExitCode::kEnvironment,
                        fmt::format("{}: all connections that maxPoolSize allows are in use", shown_), true});
    }
    Collection collection(mongoc_client_get_collection(connection.get(), way.database.c_str(), name.c_str()));
    return Held{std::move(connection), std::move(collection)};
  }

  [[nodiscard]] Status command(const std::string& name, const Bson& command) const {
    SIMSWARM_TRY(const Held held, take(name));
    bson_error_t failed{};
    if (!mongoc_client_write_command_with_opts(held.connection.get(), current().database.c_str(), command.get(),
                                               nullptr, nullptr, &failed))
      return error(failed);
    return {};
  }

  // All at once. The indexes of those whose ids were taken.
  [[nodiscard]] Result<std::vector<std::size_t>> insert(const std::string& name,
                                                        const std::deque<Bson>& documents) const {
    std::vector<std::size_t> taken;
    if (documents.empty()) return taken;
    SIMSWARM_TRY(const Held held, take(name));
    Bson options;
    BSON_APPEND_BOOL(options.get(), "ordered", false);
    const Bulk bulk(mongoc_collection_create_bulk_operation_with_opts(held.collection.get(), options.get()));
    bson_error_t failed{};
    for (const Bson& document : documents) {
      if (!mongoc_bulk_operation_insert_with_opts(bulk.get(), document.get(), nullptr, &failed)) return error(failed);
    }
    Reply reply;
    if (mongoc_bulk_operation_execute(bulk.get(), reply.to_be_made(), &failed) != 0) return taken;
    if (!read_duplicates(reply.get(), taken)) return error(failed);
    return taken;
  }

  // How many went.
  [[nodiscard]] Result<std::int64_t> remove(const std::string& name, const Bson& which, bool many) const {
    SIMSWARM_TRY(const Held held, take(name));
    bson_error_t failed{};
    Reply reply;
    const auto ask = many ? mongoc_collection_delete_many : mongoc_collection_delete_one;
    if (!ask(held.collection.get(), which.get(), nullptr, reply.to_be_made(), &failed)) return error(failed);
    bson_iter_t at;
    return bson_iter_init_find(&at, reply.get(), "deletedCount") ? bson_iter_as_int64(&at) : 0;
  }

  // Until `visit` fails.
  [[nodiscard]] Status each(const std::string& name, const Bson& filter, const Bson& options,
                            const std::function<Status(Seen)>& visit) const {
    SIMSWARM_TRY(const Held held, take(name));
    const Cursor cursor(mongoc_collection_find_with_opts(held.collection.get(), filter.get(), options.get(), nullptr));
    const bson_t* document = nullptr;
    while (mongoc_cursor_next(cursor.get(), &document)) SIMSWARM_CHECK(visit({document}));
    bson_error_t failed{};
    if (mongoc_cursor_error(cursor.get(), &failed)) return error(failed);
    return {};
  }

 private:
  [[nodiscard]] Way current() const {
    const std::lock_guard guard(mutex_);
    return way_;
  }
  // Whether we may be let in later: the next connections are made as the URL says by now.
  [[nodiscard]] bool renews() const {
    if (!fresh_url_) return false;
    const Result<std::string> url = fresh_url_();
    const std::lock_guard guard(mutex_);
    Result<Way> fresh = url && *url != way_.url ? way_to(*url, shown_) : way_;
    if (fresh) way_ = std::move(*fresh);
    return true;
  }

  std::string shown_;
  FreshUrl fresh_url_;
  mutable std::mutex mutex_;
  mutable Way way_;
};

class MongocChunks final : public ChunkCursor {
 public:
  MongocChunks(const Server& server, Held held, const Bson& filter, const Bson& options)
      : server_(server),
        held_(std::move(held)),
        cursor_(mongoc_collection_find_with_opts(held_.collection.get(), filter.get(), options.get(), nullptr)) {}

  Result<std::optional<Chunk>> next() override {
    const bson_t* chunk = nullptr;
    if (mongoc_cursor_next(cursor_.get(), &chunk)) return chunk_from(chunk);
    bson_error_t failed{};
    if (mongoc_cursor_error(cursor_.get(), &failed)) return server_.error(failed);
    return std::nullopt;
  }

 private:
  const Server& server_;
  Held held_;
  Cursor cursor_;  // goes before its connection
};

class MongocClient final : public MongoClient {
 public:
  MongocClient(Way way, std::string shown, FreshUrl fresh_url)
      : server_(std::move(way), std::move(shown), std::move(fresh_url)) {}

  Status make_index(const std::string& collection, const std::vector<std::string>& fields, bool is_unique) override {
    std::string label;
    for (const std::string& field : fields) label += fmt::format("{}{}_1", label.empty() ? "" : "_", field);
    bson_t keys;
    bson_t index;
    bson_t list;
    Bson command;
    append(command.get(), "createIndexes", collection);
    BSON_APPEND_ARRAY_BEGIN(command.get(), "indexes", &list);
    BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &index);
    BSON_APPEND_DOCUMENT_BEGIN(&index, "key", &keys);
    for (const std::string& field : fields) BSON_APPEND_INT32(&keys, field.c_str(), 1);
    bson_append_document_end(&index, &keys);
    append(&index, "name", label);
    if (is_unique) BSON_APPEND_BOOL(&index, "unique", true);
    bson_append_document_end(&list, &index);
    bson_append_array_end(command.get(), &list);
    return server_.command(collection, command);
  }

  Result<std::vector<std::size_t>> insert(const std::string& collection, std::span<const Document> documents) override {
    std::deque<Bson> converted;
    for (const Document& document : documents) SIMSWARM_CHECK(to_bson(document, converted.emplace_back().get()));
    return server_.insert(collection, converted);
  }

  Result<bool> remove(const std::string& collection, const std::string& id) override {
    Bson which;
    append(which.get(), "_id", id);
    SIMSWARM_TRY(const std::int64_t removed, server_.remove(collection, which, false));
    return removed == 1;
  }

  Status find(const std::string& collection, std::span<const std::string> ids, Part part,
              const BackEnd::Visit& visit) override {
    Bson filter;
    if (ids.size() == 1) {
      append(filter.get(), "_id", ids.front());
    } else {
      append_any(filter.get(), ids);
    }
    Bson options;
    leave_out_data(options.get(), part);
    return server_.each(collection, filter, options, [&](Seen seen) -> Status {
      auto document = document_from(seen.bson);
      if (!document) return environment_error("{}: a document of {} cannot be read", shown(), collection);
      return visit(std::move(*document));
    });
  }

  Status each(const std::string& collection, const Where& where, const BackEnd::Visit& visit) override {
    Bson filter;
    if (!where.name.empty()) append(filter.get(), where.name.c_str(), where.value);
    Bson options;
    leave_out_data(options.get(), where.part);
    return server_.each(collection, filter, options, [&](Seen seen) -> Status {
      auto document = document_from(seen.bson);
      return document ? visit(std::move(*document)) : Status();  // probes of others, say
    });
  }

  Status insert_file(const FileRecord& file, std::int32_t chunk_size) override {
    std::deque<Bson> files(1);
    bson_t* const to = files.front().get();
    append_oid(to, "_id", file.id);
    BSON_APPEND_INT64(to, "length", static_cast<std::int64_t>(file.size));
    BSON_APPEND_INT32(to, "chunkSize", chunk_size);
    const auto uploaded = std::chrono::duration_cast<std::chrono::milliseconds>(file.uploaded.time_since_epoch());
    BSON_APPEND_DATE_TIME(to, "uploadDate", uploaded.count());
    append(to, "filename", file.name);
    SIMSWARM_CHECK(server_.insert(kFiles, files));
    return {};
  }

  Result<bool> remove_file(const std::string& id) override {
    Bson which;
    append_oid(which.get(), "_id", id);
    SIMSWARM_TRY(const std::int64_t removed, server_.remove(kFiles, which, false));
    return removed == 1;
  }

  Result<bool> has_file(const std::string& id) override {
    bool is_there = false;
    SIMSWARM_CHECK(each_of("_id", id, kFiles, [&](Seen) { is_there = true; }));
    return is_there;
  }

  Result<FileShape> shape_of_file(const std::string& id) override {
    FileShape shape;
    SIMSWARM_CHECK(each_of("_id", id, kFiles, [&](Seen seen) {
      bson_iter_t at;
      if (bson_iter_init_find(&at, seen.bson, "chunkSize")) shape.chunk_size = bson_iter_as_int64(&at);
      if (const auto record = file_from(seen.bson)) shape.size = record->size;
    }));
    return shape;
  }

  Status each_file(const std::optional<std::string>& name, const BackEnd::VisitFile& visit) override {
    Bson filter;
    if (name) append(filter.get(), "filename", *name);
    return server_.each(kFiles, filter, Bson(), [&](Seen seen) -> Status {
      const auto file = file_from(seen.bson);
      return file ? visit(*file) : Status();
    });
  }

  Result<bool> insert_chunks(const std::string& file, std::span<const Chunk> chunks) override {
    std::deque<Bson> converted;
    for (const Chunk& chunk : chunks) {
      bson_t* const to = converted.emplace_back().get();
      bson_oid_t id;
      bson_oid_init(&id, nullptr);
      BSON_APPEND_OID(to, "_id", &id);
      append_oid(to, "files_id", file);
      BSON_APPEND_INT32(to, "n", static_cast<std::int32_t>(chunk.n));
      append_binary(to, "data", chunk.bytes);
    }
    SIMSWARM_TRY(const auto taken, server_.insert(kChunks, converted));
    return taken.empty();
  }

  Status remove_chunks(const std::string& file, Chunks which) override {
    Bson filter;
    append_oid(filter.get(), "files_id", file);
    if (which == Chunks::kAllButFirst) append_nested(filter.get(), "n", "$gt", 0);
    SIMSWARM_CHECK(server_.remove(kChunks, filter, true));
    return {};
  }

  Result<std::uint64_t> size_of_chunks(const std::string& file) override {
    std::uint64_t bytes = 0;
    SIMSWARM_CHECK(each_of("files_id", file, kChunks, [&](Seen seen) { bytes += chunk_from(seen.bson).bytes.size(); }));
    return bytes;
  }

  Result<std::unique_ptr<ChunkCursor>> open_chunks(const std::string& file, std::int32_t group) override {
    Bson filter;
    append_oid(filter.get(), "files_id", file);
    Bson options;
    append_nested(options.get(), "sort", "n", 1);
    BSON_APPEND_INT32(options.get(), "batchSize", group);
    SIMSWARM_TRY(Held held, server_.take(kChunks));
    return std::make_unique<MongocChunks>(server_, std::move(held), filter, options);
  }

  Status each_begun(const VisitBegun& visit) override {
    Bson filter;
    BSON_APPEND_INT32(filter.get(), "n", 0);
    Bson options;
    append_nested(options.get(), "projection", "files_id", 1);
    return server_.each(kChunks, filter, options, [&](Seen seen) -> Status {
      bson_iter_t at;
      if (!bson_iter_init_find(&at, seen.bson, "files_id") || !BSON_ITER_HOLDS_OID(&at)) return {};
      const bson_oid_t* const id = bson_iter_oid(&at);
      return visit(oid_text(*id), Stamp(std::chrono::seconds(bson_oid_get_time_t(id))));
    });
  }

  const std::string& shown() const override { return server_.shown(); }

 private:
  static void append_any(bson_t* filter, std::span<const std::string> ids) {
    bson_t in;
    bson_t list;
    BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &in);
    BSON_APPEND_ARRAY_BEGIN(&in, "$in", &list);
    for (std::size_t i = 0; i < ids.size(); ++i) append(&list, std::to_string(i).c_str(), ids[i]);
    bson_append_array_end(&in, &list);
    bson_append_document_end(filter, &in);
  }

  // Those that have the id of a file under this name.
  Status each_of(const char* name, const std::string& id, const char* collection,
                 const std::function<void(Seen)>& visit) const {
    Bson filter;
    append_oid(filter.get(), name, id);
    return server_.each(collection, filter, Bson(), [&](Seen seen) -> Status {
      visit(seen);
      return {};
    });
  }

  const Server server_;
};

}  // namespace

std::string make_file_id() {
  bson_oid_t oid;
  bson_oid_init(&oid, nullptr);
  return oid_text(oid);
}

bool is_file_id(const std::string& text) {
  return text.size() == 24 && bson_oid_is_valid(text.data(), text.size());
}

Result<std::unique_ptr<MongoClient>> make_mongo_client(const std::string& url, FreshUrl fresh_url) {
  [[maybe_unused]] static const bool kBegun = [] {
    mongoc_init();
    mongoc_log_set_handler(nullptr, nullptr);  // what matters comes as an error
    return true;
  }();
  std::string shown = without_secrets(url);
  SIMSWARM_TRY(Way way, way_to(url, shown));
  return std::make_unique<MongocClient>(std::move(way), std::move(shown), std::move(fresh_url));
}

}  // namespace simswarm::store
