// A store on a server that speaks MongoDB's protocol. Documents are documents; files lie in GridFS's standard layout
// (specifications/source/gridfs), so that any other program of that world reads them.
#include <algorithm>
#include <deque>
#include <future>
#include <map>

#include "base/text.h"
#include "store/back_end.h"
#include "store/mongo_client.h"

namespace simswarm::store {
namespace {

constexpr std::int32_t kChunk = 128 * 1024;  // bytes; larger ones fail on FerretDB when many are read (measured)
constexpr std::size_t kGroup = 16;           // chunks that are inserted at once
constexpr std::size_t kInFlight = 2;         // groups on their way to the server
constexpr std::int32_t kReadGroup = 32;      // chunks that are read at once
constexpr std::size_t kMostIds = 1000;       // in one question

// Removes a file's chunks, the first last: by that sweep() finds what was left half-way.
Status remove_chunks(MongoClient& client, const std::string& file) {
  SIMSWARM_CHECK(client.remove_chunks(file, Chunks::kAllButFirst));
  return client.remove_chunks(file, Chunks::kAll);
}

// Sends groups of chunks while the next is made. The first is there before any other is sent.
class MongoWriter final : public FileWriter {
 public:
  explicit MongoWriter(MongoClient& client) : client_(client) {}
  MongoWriter(const MongoWriter&) = delete;
  MongoWriter& operator=(const MongoWriter&) = delete;
  ~MongoWriter() override {
    for (auto& sent : sent_) sent.wait();
    if (is_kept_ || !may_remove_chunks()) return;
    if (chunks_ > 0) (void)remove_chunks(client_, id_);
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
    is_named_ = true;
    SIMSWARM_CHECK(client_.insert_file({id_, name, size_, system_clock().stamp()}, kChunk));
    is_kept_ = true;
    return id_;
  }

 private:
  // A file that may be there by now, because only the answer was lost, keeps its chunks unless it is gone for certain:
  // one that never came is an upload that sweep() removes.
  [[nodiscard]] bool may_remove_chunks() const { return !is_named_ || client_.remove_file(id_).value_or(false); }

  Status send() {
    const bool is_first = chunks_ == 0;
    if (sent_.size() >= kInFlight) SIMSWARM_CHECK(receive());
    const std::size_t first = chunks_;
    chunks_ += (group_.size() + kChunk - 1) / kChunk;
    size_ += group_.size();
    sent_.push_back(std::async(
        std::launch::async, [this, first, group = std::exchange(group_, {})] { return insert_group(first, group); }));
    if (is_first) SIMSWARM_CHECK(receive());
    return {};
  }

  // Out of the list first: one that was asked cannot be waited for any more.
  Status receive() {
    std::future<Status> sent = std::move(sent_.front());
    sent_.pop_front();
    return sent.get();
  }

  [[nodiscard]] Status insert_group(std::size_t n, std::string_view group) const {
    std::vector<Chunk> chunks;
    while (!group.empty()) {
      const std::string_view bytes = group.substr(0, kChunk);
      chunks.push_back({static_cast<std::int64_t>(n++), bytes});
      group.remove_prefix(bytes.size());
    }
    SIMSWARM_TRY(const bool are_new, client_.insert_chunks(id_, chunks));
    if (!are_new) return environment_error("{}: a chunk of a new file was there already", client_.shown());
    return {};
  }

  MongoClient& client_;
  const std::string id_ = make_file_id();
  std::string group_;
  std::size_t chunks_ = 0;
  std::uint64_t size_ = 0;
  std::deque<std::future<Status>> sent_;
  bool is_named_ = false;  // keep() has asked for the file
  bool is_kept_ = false;
};

// As many chunks at once as come to what kReadGroup of ours do: others write larger and smaller ones.
std::int32_t read_group(std::int64_t chunk_size) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(std::int64_t{kReadGroup} * kChunk / chunk_size, 1, 1000));
}

// Chunks in their order; one that is missing, or too short, ends it.
class MongoReader final : public Source {
 public:
  MongoReader(std::unique_ptr<ChunkCursor> chunks, const FileShape& shape, std::string name)
      : chunks_(std::move(chunks)), shape_(shape), name_(std::move(name)) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
      if (rest_.empty()) {
        if (given_ == shape_.size) {
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
  Result<std::optional<Chunk>> next_chunk() {
    rest_ = {};  // goes with the step
    auto chunk = chunks_->next();
    if (!chunk) chunk.error().can_retry = true;  // whatever it is: it says nothing of the file
    return chunk;
  }

  // Others write an empty chunk for an empty file.
  Status expect_end() {
    if (is_over_) return {};
    SIMSWARM_TRY(const auto more, next_chunk());
    if (more && !more->bytes.empty()) return environment_error("file {} has chunks behind its end", name_);
    is_over_ = true;
    return {};
  }

  Status next() {
    SIMSWARM_TRY(const auto chunk, next_chunk());
    if (!chunk || chunk->n != n_) return environment_error("chunk {} of file {} is missing", n_, name_);
    const std::size_t size = chunk->bytes.size();
    const std::uint64_t wanted =
        std::min<std::uint64_t>(static_cast<std::uint64_t>(shape_.chunk_size), shape_.size - given_);
    if (size != wanted)
      return environment_error("chunk {} of file {} has {} bytes instead of {}", n_, name_, size, wanted);
    rest_ = chunk->bytes;
    given_ += size;
    ++n_;
    return {};
  }

  std::unique_ptr<ChunkCursor> chunks_;
  FileShape shape_;
  std::string name_;
  std::string_view rest_;  // of the chunk that the cursor holds
  std::int64_t n_ = 0;
  std::uint64_t given_ = 0;
  bool is_over_ = false;
};

class MongoBackEnd final : public BackEnd {
 public:
  explicit MongoBackEnd(std::unique_ptr<MongoClient> client) : client_(std::move(client)) {}

  // Indexes of GridFS, and whether what everything stands on holds.
  Status begin() {
    SIMSWARM_CHECK(client_->make_index(kChunks, {"files_id", "n"}, true));
    SIMSWARM_CHECK(client_->make_index(kFiles, {"filename", "uploadDate"}, false));
    for (const char* name : {"campaign", "group"}) SIMSWARM_CHECK(client_->make_index("results", {name}, false));
    SIMSWARM_CHECK(client_->make_index("attempts", {"campaign"}, false));
    const Document probe{"probe/" + make_ulid(system_clock().stamp()), R"({"v":1})", {}};
    SIMSWARM_TRY(const auto first, insert("settings", {&probe, 1}));
    SIMSWARM_TRY(const auto second, insert("settings", {&probe, 1}));
    SIMSWARM_TRY(const bool was_there, remove("settings", probe.id));
    SIMSWARM_TRY(const bool is_there, remove("settings", probe.id));
    if (!first.front() || second.front())
      return environment_error("{} takes two documents with one id: it cannot be a store", shown());
    if (!was_there || is_there)
      return environment_error("{} does not tell whether a document was removed: it cannot be a store", shown());
    return {};
  }

  Result<std::vector<bool>> insert(const std::string& collection, std::span<const Document> documents) override {
    SIMSWARM_TRY(const auto taken, client_->insert(collection, documents));
    std::vector<bool> is_new(documents.size(), true);
    for (const std::size_t index : taken) {
      if (index < is_new.size()) is_new[index] = false;
    }
    return is_new;
  }

  Result<std::vector<std::optional<Document>>> find(const std::string& collection, std::span<const std::string> ids,
                                                    Part part) override {
    std::map<std::string, Document, std::less<>> found;
    const auto note = [&](Document document) -> Status {
      std::string id = document.id;
      found.insert_or_assign(std::move(id), std::move(document));
      return {};
    };
    for (std::size_t begin = 0; begin < ids.size(); begin += kMostIds) {
      const auto some = ids.subspan(begin, std::min(kMostIds, ids.size() - begin));
      SIMSWARM_CHECK(client_->find(collection, some, part, note));
    }
    std::vector<std::optional<Document>> documents;
    for (const std::string& id : ids) {
      const auto one = found.find(id);
      documents.push_back(one == found.end() ? std::nullopt : std::optional(one->second));
    }
    return documents;
  }

  Status each(const std::string& collection, const Where& where, const Visit& visit) override {
    return client_->each(collection, where, visit);
  }

  Result<bool> remove(const std::string& collection, const std::string& id) override {
    return client_->remove(collection, id);
  }

  Result<std::unique_ptr<FileWriter>> create_file() override { return std::make_unique<MongoWriter>(*client_); }

  Result<std::unique_ptr<Source>> open_file(const FileRecord& file) override {
    if (!is_file_id(file.id)) return environment_error("file {}: no id of {}", file.id, shown());
    SIMSWARM_TRY(const FileShape shape, client_->shape_of_file(file.id));
    if (shape.chunk_size <= 0) return std::make_unique<MissingFile>(file.id);
    SIMSWARM_TRY(auto chunks, client_->open_chunks(file.id, read_group(shape.chunk_size)));
    return std::make_unique<MongoReader>(std::move(chunks), shape, file.id);
  }

  Result<std::optional<FileRecord>> find_file(const std::string& name) override {
    std::optional<FileRecord> first;
    SIMSWARM_CHECK(client_->each_file(name, [&](const FileRecord& file) -> Status {
      if (!first || file.uploaded < first->uploaded) first = file;
      return {};
    }));
    return first;
  }

  Status each_file(const VisitFile& visit) override { return client_->each_file(std::nullopt, visit); }

  Status remove_file(const std::string& id) override {
    if (!is_file_id(id)) return {};
    SIMSWARM_CHECK(client_->remove_file(id));
    return remove_chunks(*client_, id);
  }

  // Uploads that were cut off have chunks and no file. Their ids tell when they were begun.
  Result<Swept> sweep(std::chrono::seconds age) override {
    const Stamp before = system_clock().stamp() - age;
    std::vector<std::string> old;
    SIMSWARM_CHECK(client_->each_begun([&](const std::string& file, Stamp begun) -> Status {
      if (begun <= before) old.push_back(file);
      return {};
    }));
    Swept swept;
    for (const std::string& file : old) {
      SIMSWARM_TRY(const bool is_file, client_->has_file(file));
      if (is_file) continue;
      SIMSWARM_TRY(const std::uint64_t bytes, client_->size_of_chunks(file));
      SIMSWARM_CHECK(remove_chunks(*client_, file));
      ++swept.files;
      swept.bytes += bytes;
    }
    return swept;
  }

  const std::string& shown() const override { return client_->shown(); }

 private:
  std::unique_ptr<MongoClient> client_;
};

}  // namespace

Result<std::unique_ptr<BackEnd>> open_mongodb(const std::string& url, FreshUrl fresh_url) {
  SIMSWARM_TRY(auto client, make_mongo_client(url, std::move(fresh_url)));
  auto back_end = std::make_unique<MongoBackEnd>(std::move(client));
  SIMSWARM_CHECK(back_end->begin());
  return back_end;
}

}  // namespace simswarm::store
