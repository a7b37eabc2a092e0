// What a place that keeps things must be able to do; the rest of the store stands on this. Only what every server that
// speaks MongoDB's protocol does atomically is asked for: an insert under a unique id, and a delete that tells whether
// it was the one that deleted.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/stream.h"
#include "base/time.h"

namespace simswarm::store {

// Never changed once it is there.
struct Document {
  std::string id;  // unique in its collection; printable, at most 200 bytes (a folder counts 3 for «/» and the like)
  std::string body;  // a JSON object without «_id» and «data»; no NaN, no «.» or «$» in names, no list in a list
  std::string data;  // bytes; with the body 15 MiB at most
};

// A file of many bytes, as it is stored.
struct FileRecord {
  std::string id;          // the back end's own
  std::string name;        // several files may have one name
  std::uint64_t size = 0;  // bytes
  Stamp uploaded{};
};

// A file on its way: nobody sees it before it is kept. What is not kept when it goes is removed, as far as that can be
// done; sweep() removes the rest.
class FileWriter : public Sink {
 public:
  // In place of finish(): durable when it returns. The file's id.
  [[nodiscard]] virtual Result<std::string> keep(const std::string& name) = 0;
};

struct Swept {
  std::uint64_t files = 0;  // uploads that never ended
  std::uint64_t bytes = 0;
};

enum class Part { kBody, kAll };  // of documents: without their data, or with it

// Which documents of a collection: all, or those whose body has this text under this name.
struct Where {
  std::string name{};
  std::string value{};
  Part part = Part::kBody;
};

// Safe for several threads. Errors that pass by themselves (the server is away) say so: `can_retry`.
class BackEnd {
 public:
  BackEnd() = default;
  BackEnd(const BackEnd&) = delete;
  BackEnd& operator=(const BackEnd&) = delete;
  virtual ~BackEnd() = default;

  // For each whether it is new; one whose id was taken changes nothing. Durable when it returns.
  [[nodiscard]] virtual Result<std::vector<bool>> insert(const std::string& collection,
                                                         std::span<const Document> documents) = 0;
  [[nodiscard]] virtual Result<std::vector<std::optional<Document>>> find(const std::string& collection,
                                                                          std::span<const std::string> ids,
                                                                          Part part) = 0;
  // In no order; what is inserted or removed meanwhile may be seen or not. An error of `visit` ends it.
  using Visit = std::function<Status(Document)>;
  [[nodiscard]] virtual Status each(const std::string& collection, const Where& where, const Visit& visit) = 0;
  // Whether each() reads every document of a collection, whatever is asked for: then it is better asked by ids.
  [[nodiscard]] virtual bool searches_by_reading() const { return false; }
  // Whether it was there; of several who remove one document at once, one hears true.
  [[nodiscard]] virtual Result<bool> remove(const std::string& collection, const std::string& id) = 0;

  [[nodiscard]] virtual Result<std::unique_ptr<FileWriter>> create_file() = 0;
  // The file need not be there: then reading tells. An error of the source names what is missing or has another size,
  // or says `can_retry`: then nothing is known of the file.
  [[nodiscard]] virtual Result<std::unique_ptr<Source>> open_file(const FileRecord& file) = 0;
  // The first of this name.
  [[nodiscard]] virtual Result<std::optional<FileRecord>> find_file(const std::string& name) = 0;
  using VisitFile = std::function<Status(const FileRecord&)>;
  [[nodiscard]] virtual Status each_file(const VisitFile& visit) = 0;
  [[nodiscard]] virtual Status remove_file(const std::string& id) = 0;
  // Removes what uploads have left that nobody ended and that are older than this.
  [[nodiscard]] virtual Result<Swept> sweep(std::chrono::seconds age) = 0;

  // What the user should know, since the last call: what was found damaged and put aside, say.
  [[nodiscard]] virtual std::vector<std::string> take_notes() { return {}; }
  // The address without user and password, for messages.
  [[nodiscard]] virtual const std::string& shown() const = 0;
};

// What open_file() gives for a file that is not there.
class MissingFile final : public Source {
 public:
  explicit MissingFile(std::string what) : what_(std::move(what)) {}
  [[nodiscard]] Result<std::size_t> read(std::span<char> /*buffer*/) override {
    return environment_error("file {} is missing", what_);
  }

 private:
  std::string what_;
};

// The URL with the user and password that hold by now; from any thread. Null: they do not change.
using FreshUrl = std::function<Result<std::string>()>;

// Both look whether what is there will do, and say what it lacks. A server that refuses us is asked again with
// `fresh_url`: such errors pass then.
[[nodiscard]] Result<std::unique_ptr<BackEnd>> open_directory(const fs::path& folder);
[[nodiscard]] Result<std::unique_ptr<BackEnd>> open_mongodb(const std::string& url, FreshUrl fresh_url = {});

}  // namespace simswarm::store
