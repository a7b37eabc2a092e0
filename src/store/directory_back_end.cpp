// A store in a folder: documents and files under names made of their ids; a link that cannot be made twice decides who
// came first.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "store/back_end.h"

namespace simswarm::store {
namespace {

constexpr std::string_view kFormat = "simswarm store 1\n";
constexpr std::size_t kMany = 4;  // documents from which on one sync of the file system is cheaper than one a file

// As the name of a file: letters, digits, «-», «_», «.»; the rest as %XX.
std::string escaped(std::string_view id) {
  std::string name;
  for (const char c : id) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                       c == '_' || (c == '.' && !name.empty());
    name += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return name;
}

// What is no name of ours stays as it is.
std::string unescaped(std::string_view name) {
  std::string id;
  for (std::size_t i = 0; i < name.size(); ++i) {
    unsigned char byte = 0;
    const char* const begin = name.data() + i + 1;
    if (name[i] != '%' || i + 2 >= name.size() || std::from_chars(begin, begin + 2, byte, 16).ptr != begin + 2) {
      id += name[i];
      continue;
    }
    id += static_cast<char>(byte);
    i += 2;
  }
  return id;
}

// Two digits of 256 folders.
std::string shelf_of(std::string_view id) {
  return digest_of(id).hex().substr(0, 2);
}

Status sync_folder(const fs::path& folder) {
  const Fd file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.valid() || ::fsync(file.get()) != 0) return system_error(errno, folder.string());
  return {};
}

Status sync_all(const fs::path& folder) {
  const Fd file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.valid() || ::syncfs(file.get()) != 0) return system_error(errno, folder.string());
  return {};
}

tl::unexpected<Error> damaged(const fs::path& path) {
  // What it says is wrong, not this machine: that is kUsage here.
  return usage_error("{} is damaged: its digest is another one", path.string());
}

// «SIZE OF BODY, DIGEST, body, data».
std::string encoded(const Document& document) {
  const Digest digest = Hasher().field(document.body).field(document.data).finish();
  return fmt::format("{} {}\n{}{}", document.body.size(), digest.hex(), document.body, document.data);
}

Result<Document> decoded(std::string id, const fs::path& path, Part part) {
  SIMSWARM_TRY(const std::string text, read_file(path));
  const std::size_t line = text.find('\n');
  const std::size_t blank = text.find(' ');
  if (line == std::string::npos || blank > line) return damaged(path);
  const auto size = parse_int(std::string_view(text).substr(0, blank));
  const std::size_t begin = line + 1;
  if (!size || *size < 0 || static_cast<std::uint64_t>(*size) > text.size() - begin) return damaged(path);
  Document document{std::move(id), text.substr(begin, static_cast<std::size_t>(*size)),
                    text.substr(begin + static_cast<std::size_t>(*size))};
  const Digest digest = Hasher().field(document.body).field(document.data).finish();
  if (digest.hex() != std::string_view(text).substr(blank + 1, line - blank - 1)) return damaged(path);
  if (part == Part::kBody) document.data.clear();
  return document;
}

// The names in a folder; none where there is no folder.
Result<std::vector<std::string>> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    names.push_back(it->path().filename().string());
  if (error && error != std::errc::no_such_file_or_directory) return system_error(error.value(), folder.string());
  return names;
}

bool is_wanted(const std::string& body, const Where& where) {
  if (where.name.empty()) return true;
  const auto object = nlohmann::json::parse(body, nullptr, false);
  const auto field = object.find(where.name);
  return field != object.end() && field->is_string() && field->get_ref<const std::string&>() == where.value;
}

Stamp stamp_of(const struct stat& info) {
  const auto time = std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec);
  return Stamp(std::chrono::duration_cast<std::chrono::microseconds>(time));
}

// An upload: locked as long as its writer lives, so that nobody takes it for one that was given up.
class DirectoryWriter final : public FileWriter {
 public:
  DirectoryWriter(fs::path files, fs::path upload, std::unique_ptr<FileSink> sink)
      : files_(std::move(files)), upload_(std::move(upload)), sink_(std::move(sink)) {}
  DirectoryWriter(const DirectoryWriter&) = delete;
  DirectoryWriter& operator=(const DirectoryWriter&) = delete;
  ~DirectoryWriter() override {
    std::error_code ignored;
    fs::remove(upload_, ignored);
  }

  Status write(std::string_view bytes) override { return sink_->write(bytes); }

  Result<std::string> keep(const std::string& name) override {
    if (::fsync(sink_->descriptor()) != 0) return system_error(errno, upload_.string());
    const std::string id = fmt::format("{}/{}", name, upload_.stem().string());
    const fs::path folder = files_ / shelf_of(name) / escaped(name);
    SIMSWARM_CHECK(move_into(folder));
    SIMSWARM_CHECK(sync_folder(folder));
    SIMSWARM_CHECK(sync_folder(folder.parent_path()));
    SIMSWARM_CHECK(sync_folder(files_));
    return id;
  }

 private:
  // The folder goes with the last file in it, also between its making and our coming.
  [[nodiscard]] Status move_into(const fs::path& folder) const {
    std::error_code error;
    while (true) {
      SIMSWARM_CHECK(make_folders(folder));
      if (::rename(upload_.c_str(), (folder / upload_.stem()).c_str()) == 0) return {};
      const int why = errno;
      if (why != ENOENT || !fs::exists(upload_, error)) return system_error(why, folder.string());
    }
  }

  fs::path files_;
  fs::path upload_;
  std::unique_ptr<FileSink> sink_;
};

class DirectoryBackEnd final : public BackEnd {
 public:
  explicit DirectoryBackEnd(fs::path root) : root_(std::move(root)), shown_("directory:" + root_.string()) {}

  Status begin() {
    const fs::path format = root_ / "format";
    std::error_code error;
    const bool is_there = fs::exists(format, error);
    const std::string text = is_there ? read_file(format).value_or("") : std::string(kFormat);
    if (text != kFormat)
      return environment_error("{} is a store of another kind: {}", root_.string(), trim(text.substr(0, 100)));
    for (const char* folder : {"documents", "files", "uploads"}) SIMSWARM_CHECK(make_folders(root_ / folder));
    return is_there ? Status() : write_file_atomically(format, kFormat);
  }

  Result<std::vector<bool>> insert(const std::string& collection, std::span<const Document> documents) override {
    std::vector<fs::path> uploads;
    Result<std::vector<bool>> inserted = insert_all(collection, documents, uploads);
    std::error_code ignored;
    for (const fs::path& upload : uploads) fs::remove(upload, ignored);
    return inserted;
  }

  Result<std::vector<std::optional<Document>>> find(const std::string& collection, std::span<const std::string> ids,
                                                    Part part) override {
    std::vector<std::optional<Document>> found;
    for (const std::string& id : ids) {
      SIMSWARM_TRY(auto one, find_one(id, path_of(collection, id), part));
      found.push_back(std::move(one));
    }
    return found;
  }

  Status each(const std::string& collection, const Where& where, const Visit& visit) override {
    const fs::path folder = root_ / "documents" / collection;
    SIMSWARM_TRY(const auto shelves, names_in(folder));
    for (const std::string& shelf : shelves) {
      SIMSWARM_TRY(const auto names, names_in(folder / shelf));
      for (const std::string& name : names) {
        const fs::path path = folder / shelf / name;
        SIMSWARM_TRY(auto document, find_one(unescaped(name), path, where.part));
        if (!document || !is_wanted(document->body, where)) continue;  // or removed meanwhile
        SIMSWARM_CHECK(visit(std::move(*document)));
      }
    }
    return {};
  }

  [[nodiscard]] bool searches_by_reading() const override { return true; }

  Result<bool> remove(const std::string& collection, const std::string& id) override {
    const fs::path path = path_of(collection, id);
    if (::unlink(path.c_str()) == 0) {
      SIMSWARM_CHECK(sync_folder(path.parent_path()));
      return true;
    }
    if (errno == ENOENT) return false;
    return system_error(errno, path.string());
  }

  Result<std::unique_ptr<FileWriter>> create_file() override {
    const fs::path upload = new_upload();
    SIMSWARM_TRY(auto sink, FileSink::create(upload));
    (void)::flock(sink->descriptor(), LOCK_EX | LOCK_NB);
    return std::make_unique<DirectoryWriter>(root_ / "files", upload, std::move(sink));
  }

  Result<std::unique_ptr<Source>> open_file(const FileRecord& file) override {
    const fs::path path = path_of_file(file.id);
    auto source = FileSource::open(path);
    std::error_code error;
    if (!source && !fs::exists(path, error) && !error) return std::make_unique<MissingFile>(file.id);
    if (!source) return propagate(source.error());
    return std::move(*source);
  }

  Result<std::optional<FileRecord>> find_file(const std::string& name) override {
    SIMSWARM_TRY(auto ids, names_in(root_ / "files" / shelf_of(name) / escaped(name)));
    std::sort(ids.begin(), ids.end());
    for (const std::string& id : ids) {
      const auto record = record_of(name, id);
      if (record) return record;
    }
    return std::nullopt;
  }

  Status each_file(const VisitFile& visit) override {
    SIMSWARM_TRY(const auto shelves, names_in(root_ / "files"));
    for (const std::string& shelf : shelves) {
      SIMSWARM_TRY(const auto names, names_in(root_ / "files" / shelf));
      for (const std::string& name : names) {
        SIMSWARM_TRY(const auto ids, names_in(root_ / "files" / shelf / name));
        for (const std::string& id : ids) {
          if (const auto record = record_of(unescaped(name), id)) SIMSWARM_CHECK(visit(*record));
        }
      }
    }
    return {};
  }

  Status remove_file(const std::string& id) override {
    const fs::path path = path_of_file(id);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error(errno, path.string());
    (void)::rmdir(path.parent_path().c_str());
    return {};
  }

  Result<Swept> sweep(std::chrono::seconds age) override {
    Swept swept;
    const Stamp now = system_clock().stamp();
    SIMSWARM_TRY(const auto names, names_in(root_ / "uploads"));
    for (const std::string& name : names) {
      const fs::path path = root_ / "uploads" / name;
      struct stat info {};
      if (::stat(path.c_str(), &info) != 0 || now - stamp_of(info) < age) continue;
      const Fd upload(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
      if (!upload.valid() || ::flock(upload.get(), LOCK_EX | LOCK_NB) != 0) continue;  // somebody writes it
      if (::unlink(path.c_str()) != 0) continue;
      ++swept.files;
      swept.bytes += static_cast<std::uint64_t>(info.st_size);
    }
    return swept;
  }

  std::vector<std::string> take_notes() override {
    const std::lock_guard guard(mutex_);
    return std::exchange(notes_, {});
  }

  const std::string& shown() const override { return shown_; }

 private:
  Result<std::optional<Document>> find_one(const std::string& id, const fs::path& path, Part part) {
    constexpr int kTries = 10;  // others may remove and insert it at the same time
    for (int tries = 1;; ++tries) {
      auto document = decoded(id, path, part);
      if (document) return std::optional(std::move(*document));
      if (document.error().code == ExitCode::kUsage) {
        SIMSWARM_CHECK(put_aside(path));
        return std::nullopt;
      }
      std::error_code error;
      const bool is_there = fs::exists(path, error);
      if (!is_there && !error) return std::nullopt;
      if (tries == kTries) return propagate(document.error());  // what cannot be seen may well be there
    }
  }

  // A damaged document counts as none: what it told is found out anew. Its bytes stay for a look.
  Status put_aside(const fs::path& path) {
    const fs::path folder = root_ / "damaged" / path.parent_path().parent_path().filename();
    SIMSWARM_CHECK(make_folders(folder));
    std::error_code error;
    fs::rename(path, folder / path.filename(), error);
    if (error == std::errc::no_such_file_or_directory) return {};
    if (error) return system_error(error.value(), path.string());
    const std::lock_guard guard(mutex_);
    notes_.push_back(
        fmt::format("{} is damaged, and counts for nothing: it lies in {} now", path.string(), folder.string()));
    return {};
  }

  [[nodiscard]] fs::path path_of(const std::string& collection, const std::string& id) const {
    return root_ / "documents" / collection / shelf_of(id) / escaped(id);
  }

  [[nodiscard]] fs::path path_of_file(const std::string& id) const {
    const std::size_t slash = id.rfind('/');
    const std::string name = id.substr(0, slash);
    return root_ / "files" / shelf_of(name) / escaped(name) / escaped(id.substr(slash + 1));
  }

  [[nodiscard]] fs::path new_upload() const {
    return root_ / "uploads" / (make_ulid(system_clock().stamp()) + ".part");
  }

  [[nodiscard]] std::optional<FileRecord> record_of(const std::string& name, const std::string& id) const {
    struct stat info {};
    const std::string whole = name + "/" + id;
    if (::stat(path_of_file(whole).c_str(), &info) != 0) return std::nullopt;
    return FileRecord{whole, name, static_cast<std::uint64_t>(info.st_size), stamp_of(info)};
  }

  Result<std::vector<bool>> insert_all(const std::string& collection, std::span<const Document> documents,
                                       std::vector<fs::path>& uploads) const {
    const bool many = documents.size() >= kMany;
    for (const Document& document : documents) {
      const fs::path upload = new_upload();
      SIMSWARM_TRY(const auto file, FileSink::create(upload));
      uploads.push_back(upload);
      SIMSWARM_CHECK(file->write(encoded(document)));
      if (!many && ::fsync(file->descriptor()) != 0) return system_error(errno, upload.string());
    }
    if (many) SIMSWARM_CHECK(sync_all(root_));
    std::vector<bool> inserted;
    std::set<fs::path> folders;
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const fs::path path = path_of(collection, documents[i].id);
      const fs::path folder = path.parent_path();
      if (folders.insert(folder).second) {
        SIMSWARM_CHECK(make_folders(folder));
        folders.insert(folder.parent_path());
        folders.insert(folder.parent_path().parent_path());
      }
      const bool is_new = ::link(uploads[i].c_str(), path.c_str()) == 0;
      if (!is_new && errno != EEXIST) return system_error(errno, path.string());
      inserted.push_back(is_new);
    }
    if (many) {
      SIMSWARM_CHECK(sync_all(root_));
    } else {
      for (const fs::path& folder : folders) SIMSWARM_CHECK(sync_folder(folder));
    }
    return inserted;
  }

  fs::path root_;
  std::string shown_;
  std::mutex mutex_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<std::unique_ptr<BackEnd>> open_directory(const fs::path& folder) {
  auto back_end = std::make_unique<DirectoryBackEnd>(folder);
  SIMSWARM_CHECK(back_end->begin());
  return back_end;
}

}  // namespace simswarm::store
