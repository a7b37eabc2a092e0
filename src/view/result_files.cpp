#include "view/result_files.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "archive/compression.h"
#include "archive/plain_tar.h"

namespace simswarm::view {
namespace {

// The tar with the files that are no blobs of their own; `visit` as of visit_tar().
Status visit_archive(store::Store& store, const store::RunRecord& record, const archive::VisitEntry& visit) {
  if (record.archive.empty()) return {};
  if (!record.in_blob()) {
    TextSource packed(record.packed);
    const auto tar = archive::decompress(packed);
    return archive::visit_tar(*tar, visit);
  }
  SIMSWARM_TRY(const auto blob, store.open_blob(record.archive));
  if (!blob) return environment_error("the archive of this result is not in the store any more");
  return archive::visit_tar(*blob, visit);
}

bool is_own(const store::RunRecord& record, std::size_t index) {
  return std::ranges::any_of(record.own, [&](const store::OwnBlob& one) { return one.file == index; });
}

Result<std::string> read_blob(store::Store& store, const Digest& digest, std::uint64_t most) {
  TextSink sink(most);
  SIMSWARM_TRY(const store::Fetched fetched, store.fetch(digest, sink));
  if (fetched.state != store::Fetched::State::kWhole) return environment_error("{}", fetched.trouble);
  return sink.take();
}

}  // namespace

Status each_result_file(store::Store& store, const store::RunRecord& record, std::uint64_t most,
                        const std::function<bool(const std::string& path)>& wants,
                        const std::function<void(const std::string& path, std::string content)>& visit) {
  std::map<std::string, std::string> wanted;  // by name in the archive
  for (std::size_t i = 0; i < record.files.size(); ++i) {
    const ResultFile& file = record.files[i];
    if (file.size > most || !wants(file.path)) continue;
    if (!is_own(record, i)) {
      wanted[store::path_in_archive(file.path)] = file.path;
      continue;
    }
    SIMSWARM_TRY(std::string content, read_blob(store, file.digest, most));
    visit(file.path, std::move(content));
  }
  if (wanted.empty()) return {};
  return visit_archive(store, record, [&](const archive::Headers& headers, Source& content) -> Status {
    const auto found = wanted.find(headers.path);
    if (found == wanted.end()) return {};
    TextSink sink(most);
    SIMSWARM_CHECK(pour(content, sink));
    visit(found->second, sink.take());
    return {};
  });
}

Result<std::string> read_result_file(store::Store& store, const store::RunRecord& record, std::size_t index,
                                     std::uint64_t most) {
  const ResultFile& file = record.files.at(index);
  if (file.size > most) return usage_error("{} has {} bytes: too many for a page", file.path, file.size);
  std::optional<std::string> found;
  SIMSWARM_CHECK(each_result_file(
      store, record, most, [&](const std::string& path) { return path == file.path; },
      [&](const std::string&, std::string content) { found = std::move(content); }));
  if (!found) return environment_error("{} is not in the result's archive", file.path);
  if (digest_of(*found) != file.digest) return environment_error("{} is damaged: simswarm store verify", file.path);
  return std::move(*found);
}

Result<MemoryFile> MemoryFile::of(std::string_view text) {
  Fd file(::memfd_create("simswarm-result", MFD_CLOEXEC));
  if (!file.valid()) return system_error(errno, "a file in memory");
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t put = ::write(file.get(), text.data() + at, text.size() - at);
    if (put < 0) return system_error(errno, "a file in memory");
    at += static_cast<std::size_t>(put);
  }
  return MemoryFile(std::move(file));
}

fs::path MemoryFile::path() const {
  return fmt::format("/proc/self/fd/{}", file_.get());
}

}  // namespace simswarm::view
