// What lies in a run's stored result, without a folder to unpack it into.
#pragma once

#include <functional>
#include <string>

#include "store/store.h"

namespace simswarm::view {

// The content of the file of this index in `record.files`, which is whole (Part::kAll). An error: it is larger than
// `most` bytes, missing or damaged, or the store is away.
[[nodiscard]] Result<std::string> read_result_file(store::Store& store, const store::RunRecord& record,
                                                   std::size_t index, std::uint64_t most);

// Those files that `wants`, by path, one after the other, as far as they are not larger than `most`.
[[nodiscard]] Status each_result_file(store::Store& store, const store::RunRecord& record, std::uint64_t most,
                                      const std::function<bool(const std::string& path)>& wants,
                                      const std::function<void(const std::string& path, std::string content)>& visit);

// A text as a file without a place in any folder: `path()` can be opened while this lives.
class MemoryFile {
 public:
  [[nodiscard]] static Result<MemoryFile> of(std::string_view text);
  [[nodiscard]] fs::path path() const;

 private:
  explicit MemoryFile(Fd file) : file_(std::move(file)) {}
  Fd file_;
};

}  // namespace simswarm::view
